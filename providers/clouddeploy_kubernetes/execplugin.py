"""Credential plug-ins: a program that prints an ExecCredential.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from clouddeploy.contract import ClientCertificate, Credential, Secret, Token, redact
from clouddeploy.errors import ConfigError, CredentialsError, MissingToolError
from clouddeploy_kubernetes.kubeconfig import Entry

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_TIMEOUT = 60.0  # seconds; some log in over the network
_CLUSTER_FIELDS = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True)
class Plugin:
    """An `exec` entry; arguments and variables may be secret."""

    user: str
    version: str
    command: str
    arguments: Sequence[str] = field(repr=False)
    variables: Mapping[str, Secret]
    install_hint: str
    info: str

    @classmethod
    def of(cls, fields: Any, user: Entry, cluster: Entry) -> Plugin:
        """Checked; raises ConfigError."""
        if not isinstance(fields, dict) or not fields.get("command"):
            raise user.wrong("exec needs a command")
        version = fields.get("apiVersion")
        if version not in _VERSIONS:
            raise user.wrong(f"exec.apiVersion must be one of {', '.join(_VERSIONS)}")
        if fields.get("interactiveMode") == "Always":
            raise ConfigError(
                f"{user.source}: {user.name}: its exec command wants a terminal (interactiveMode: Always)",
                fix="use a user whose command runs without one",
            )
        return cls(
            user=user.name,
            version=version,
            command=_command(str(fields["command"]), user.source),
            arguments=[str(argument) for argument in fields.get("args") or []],
            variables=_variables(fields.get("env") or [], user),
            install_hint=str(fields.get("installHint") or "").strip(),
            info=_info(version, cluster if fields.get("provideClusterInfo") else None),
        )

    def run(self) -> Credential:
        """Asks the program for a credential.

        Raises MissingToolError when it is not installed and CredentialsError when it fails,
        takes over a minute or prints anything else.
        """
        try:
            return _parse(self._output(), self.version)
        except (ValueError, KeyError, TypeError, AttributeError):
            # The cause would quote what the program printed: a credential.
            raise self._failed(f"did not print an ExecCredential of {self.version}") from None

    def _output(self) -> str:
        variables = {name: value.reveal() for name, value in self.variables.items()}
        try:
            done = subprocess.run(
                [self.command, *self.arguments],
                env={**os.environ, **variables, "KUBERNETES_EXEC_INFO": self.info},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise MissingToolError(
                f"the user {self.user} of the kubeconfig needs the program {self.command}",
                fix=self.install_hint or f"install {Path(self.command).name}",
            ) from error
        except subprocess.TimeoutExpired:
            raise self._failed(f"did not answer within {_TIMEOUT:.0f} s") from None
        except OSError as error:
            raise self._failed(f"cannot be run: {error.strerror}") from error
        if done.returncode:
            raise self._failed(f"failed with exit code {done.returncode}{_last_line(done.stderr)}")
        return done.stdout

    def _failed(self, what: str) -> CredentialsError:
        program = Path(self.command).name
        return CredentialsError(
            f"{program}, which the user {self.user} of the kubeconfig logs in with, {what}",
            fix=f"log in with {program}, and try: kubectl get namespaces",
        )


def _command(command: str, source: Path) -> str:
    """Beside the kubeconfig when it is a relative path, else from PATH."""
    return str(source.parent / command) if os.sep in command else command


def _variables(entries: Any, user: Entry) -> dict[str, Secret]:
    try:
        return {str(one["name"]): Secret(str(one["value"])) for one in entries}
    except (KeyError, TypeError):
        raise user.wrong("every entry of exec.env needs a name and a value") from None


def _info(version: str, cluster: Entry | None) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if cluster:
        told = {key: cluster.fields[key] for key in _CLUSTER_FIELDS if key in cluster.fields}
        for one in cluster.fields.get("extensions") or []:
            if one.get("name") == _CLUSTER_EXTENSION:
                told["config"] = one.get("extension")
        spec["cluster"] = told
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})


def _parse(output: str, version: str) -> Credential:
    document = json.loads(output)
    status = document["status"]
    if document["apiVersion"] != version or document["kind"] != "ExecCredential":
        raise ValueError(document["apiVersion"])
    if status.get("token"):
        return Token(Secret(status["token"]), _time(status.get("expirationTimestamp")))
    return ClientCertificate(status["clientCertificateData"], Secret(status["clientKeyData"]))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _last_line(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    return f": {redact(lines[-1].strip())[:200]}" if lines else ""
