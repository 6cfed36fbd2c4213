"""Credential plug-ins: what they are told, what they may answer, how they may fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.contract import ClientCertificate, Credential, Secret, Token
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, MissingToolError
from clouddeploy_kubernetes import execplugin
from clouddeploy_kubernetes.execplugin import Plugin
from clouddeploy_kubernetes.kubeconfig import Entry

Program = Callable[[str, str], Path]
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


def run(folder: Path, cluster: Any = None, **fields: Any) -> Credential:
    """Runs the `exec` entry of a user in `folder`/config."""
    source = folder / "config"
    plugin = {"apiVersion": V1, "command": "login", **fields}
    user = Entry("me", source, {})
    return Plugin.of(plugin, user, Entry("lab", source, cluster or {})).run()


def answer(status: Any, version: str = V1, kind: str = "ExecCredential") -> str:
    document = json.dumps({"apiVersion": version, "kind": kind, "status": status})
    return f"cat <<'EOF'\n{document}\nEOF"


class TestAnswers:
    @pytest.mark.parametrize("version", [V1, V1BETA1])
    def test_a_token_and_when_it_ends(self, tmp_path: Path, program: Program, version: str) -> None:
        status = {"token": "s3cr3t-token", "expirationTimestamp": "2026-11-23T10:00:00Z"}
        program("login", answer(status, version))
        credential = run(tmp_path, apiVersion=version)
        assert credential == Token(Secret("s3cr3t-token"), datetime(2026, 11, 23, 10, tzinfo=UTC))

    def test_a_token_without_an_end(self, tmp_path: Path, program: Program) -> None:
        program("login", answer({"token": "s3cr3t-token"}))
        assert run(tmp_path) == Token(Secret("s3cr3t-token"))

    def test_a_client_certificate(self, tmp_path: Path, program: Program) -> None:
        program("login", answer({"clientCertificateData": "cert", "clientKeyData": "s3cr3t"}))
        assert run(tmp_path) == ClientCertificate("cert", Secret("s3cr3t"))


class TestWhatItIsTold:
    def test_arguments_variables_and_the_version(self, tmp_path: Path, program: Program) -> None:
        told = tmp_path / "told"
        program("login", f'echo "$@|$PROFILE|$KUBERNETES_EXEC_INFO" > {told}; {answer({"token": "t"})}')
        run(tmp_path, args=["a b", "$(c)"], env=[{"name": "PROFILE", "value": "acme"}])
        arguments, profile, info = told.read_text().split("|")
        assert (arguments, profile) == ("a b $(c)", "acme")
        assert json.loads(info) == {
            "apiVersion": V1,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }

    def test_the_cluster_when_it_asks_for_it(self, tmp_path: Path, program: Program) -> None:
        told = tmp_path / "told"
        program("login", f'echo "$KUBERNETES_EXEC_INFO" > {told}; {answer({"token": "t"})}')
        extensions = [
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}},
            {"name": "other", "extension": {}},
        ]
        cluster = {"server": "https://lab", "proxy-url": "no", "extensions": extensions}
        run(tmp_path, cluster, provideClusterInfo=True)
        assert json.loads(told.read_text())["spec"]["cluster"] == {
            "server": "https://lab",
            "config": {"audience": "x"},
        }

    def test_has_no_terminal(self, tmp_path: Path, program: Program) -> None:
        program("login", f'test -z "$(cat)" && {answer({"token": "t"})}')
        assert run(tmp_path, interactiveMode="IfAvailable") == Token(Secret("t"))

    def test_a_relative_command_is_beside_the_kubeconfig(self, tmp_path: Path, program: Program) -> None:
        program("login", answer({"token": "t"}))
        assert run(tmp_path, command="./bin/login") == Token(Secret("t"))


class TestFailures:
    def test_not_installed(self, tmp_path: Path) -> None:
        with pytest.raises(MissingToolError, match="needs the program no-such-login") as caught:
            run(tmp_path, command="no-such-login")
        assert caught.value.fix == "install no-such-login"

    def test_not_installed_with_a_hint(self, tmp_path: Path) -> None:
        with pytest.raises(MissingToolError) as caught:
            run(tmp_path, command="no-such-login", installHint="brew install login\n")
        assert caught.value.fix == "brew install login"

    def test_not_executable(self, tmp_path: Path, program: Program) -> None:
        program("login", "").chmod(0o600)
        with pytest.raises(CredentialsError, match="cannot be run: Permission denied"):
            run(tmp_path, command="./bin/login")

    def test_a_failure_says_its_last_words_without_secrets(self, tmp_path: Path, program: Program) -> None:
        program("login", 'echo first >&2; echo "expired: $PASSWORD" >&2; echo s3cr3t-token; exit 3')
        with pytest.raises(CredentialsError) as caught:
            run(tmp_path, env=[{"name": "PASSWORD", "value": "s3cr3t-password"}], args=["--key=s3cr3t"])
        assert caught.value.message == (
            "login, which the user me of the kubeconfig logs in with, failed with exit code 3: expired: ***"
        )
        assert "log in with login" in str(caught.value.fix)

    def test_too_slow(self, tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(execplugin, "_TIMEOUT", 0.2)
        program("login", "exec sleep 5")
        with pytest.raises(CredentialsError, match="did not answer within 0 s"):
            run(tmp_path)

    @pytest.mark.parametrize(
        "script",
        [
            "echo s3cr3t-token",
            "echo '[\"s3cr3t-token\"]'",
            "echo '{}'",
            answer(None),
            answer({}),
            answer({"clientCertificateData": "s3cr3t-token"}),
            answer({"token": "s3cr3t-token"}, version=V1BETA1),
            answer({"token": "s3cr3t-token"}, kind="Secret"),
            answer({"token": "s3cr3t-token", "expirationTimestamp": "soon"}),
            answer({"token": "s3cr3t-token", "expirationTimestamp": "2026-11-23T10:00:00"}),
            answer({"token": 7}),
        ],
    )
    def test_no_credential_is_not_quoted(self, tmp_path: Path, program: Program, script: str) -> None:
        program("login", script)
        with pytest.raises(CredentialsError, match=f"did not print an ExecCredential of {V1}") as caught:
            run(tmp_path)
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"command": ""}, "exec needs a command"),
            ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "exec.apiVersion must be one of"),
            ({"interactiveMode": "Always"}, "wants a terminal"),
            ({"env": [{"name": "x"}]}, "every entry of exec.env needs a name and a value"),
            ({"env": ["x"]}, "every entry of exec.env needs a name and a value"),
        ],
    )
    def test_an_entry_that_cannot_be_used(self, tmp_path: Path, fields: Any, message: str) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            run(tmp_path, **fields)
        assert isinstance(caught.value, CloudDeployError)
        assert caught.value.fix
