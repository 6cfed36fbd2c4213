"""A kubeconfig's contexts as clusters: which one is used, what is read, what is refused."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from clouddeploy.contract import (
    ClientCertificate,
    ClusterSpec,
    Identity,
    Secret,
    Status,
    TargetSettings,
    Token,
)
from clouddeploy.errors import ConfigError, NotFoundError
from clouddeploy_kubernetes import connect
from clouddeploy_kubernetes.clusters import KubeconfigClusters

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM.encode()).decode()


def kubeconfig(
    path: Path, *, cluster: Any = None, user: Any = None, name: str = "lab", current: str = "lab"
) -> Path:
    """A file with one context, whose cluster and user are `<name>-cluster` and `<name>-user`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "clusters": [{"name": f"{name}-cluster", "cluster": cluster or {"server": f"https://{name}:6443"}}],
        "users": [{"name": f"{name}-user", "user": {"token": "s3cr3t-token"} if user is None else user}],
        "contexts": [
            {"name": name, "context": {"cluster": f"{name}-cluster", "user": f"{name}-user"}},
        ],
        "current-context": current,
    }
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def default(home: Path) -> Path:
    return home / ".kube" / "config"


def clusters(*, existing: str = "", **options: str) -> KubeconfigClusters:
    spec = ClusterSpec(existing or "shop")
    target = TargetSettings("lab", "kubernetes", spec, existing=bool(existing), options=options)
    return KubeconfigClusters(target)


class TestWhichCluster:
    def test_the_context_that_the_target_names(self, default: Path) -> None:
        kubeconfig(default)
        assert clusters(context="lab").access("lab").server == "https://lab:6443"

    def test_an_existing_cluster_is_a_context(self, default: Path) -> None:
        kubeconfig(default)
        assert clusters(existing="lab").access("lab").server == "https://lab:6443"

    @pytest.mark.parametrize("wanted", ["shop", "lab", ""])
    def test_never_the_current_context(self, default: Path, wanted: str) -> None:
        kubeconfig(default, current="lab")
        with pytest.raises(ConfigError, match="target lab names no context") as caught:
            clusters().access(wanted)
        assert caught.value.fix == "write context: in targets.lab; use one of: lab"

    def test_a_context_that_is_missing(self, default: Path) -> None:
        kubeconfig(default)
        with pytest.raises(NotFoundError, match=f"there is no context prod in {default}") as caught:
            clusters(context="prod").access("prod")
        assert caught.value.fix == "use one of: lab"

    def test_the_provider_tells_the_core_its_name(self) -> None:
        target = TargetSettings("lab", "kubernetes", ClusterSpec("shop"), options={"context": "kind-lab"})
        assert connect(target).cluster == "kind-lab"

    def test_identity_is_the_server_and_the_user(self, default: Path) -> None:
        kubeconfig(default)
        assert clusters(context="lab").identity() == Identity("lab:6443", "lab-user")

    def test_identity_needs_a_context(self, default: Path) -> None:
        kubeconfig(default)
        with pytest.raises(ConfigError, match="names no context"):
            clusters().identity()


class TestList:
    def test_is_every_context_by_name(self, default: Path, tmp_path: Path, monkeypatch: Any) -> None:
        second = kubeconfig(tmp_path / "second", name="a-lab")
        kubeconfig(default)
        monkeypatch.setenv("KUBECONFIG", f"{default}{os.pathsep}{second}")
        listed = clusters().list()
        assert [(one.name, one.endpoint, one.owned) for one in listed] == [
            ("a-lab", "https://a-lab:6443", False),
            ("lab", "https://lab:6443", False),
        ]

    def test_shows_a_context_whose_cluster_is_missing(self, default: Path) -> None:
        default.parent.mkdir()
        default.write_text("contexts: [{name: lab, context: {cluster: gone, user: x}}]")
        assert clusters().list()[0].state.status is Status.FAILED


class TestFiles:
    def test_the_targets_own_file_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        kubeconfig(tmp_path / "ours")
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "other", name="other")))
        found = clusters(kubeconfig=str(tmp_path / "ours"), context="lab").list()
        assert [one.name for one in found] == ["lab"]

    def test_a_tilde_is_the_home_folder(self, default: Path) -> None:
        kubeconfig(default)
        assert clusters(kubeconfig="~/.kube/config").list()

    def test_the_first_of_several_files_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = kubeconfig(tmp_path / "first", user={"token": "first-token"})
        second = kubeconfig(tmp_path / "second", user={"token": "second-token"})
        files = (tmp_path / "missing", first, second)
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
        assert clusters(context="lab").access("lab").credential() == Token(Secret("first-token"))

    def test_none_at_all(self, default: Path) -> None:
        with pytest.raises(NotFoundError, match=f"there is no kubeconfig at {default}") as caught:
            clusters(context="lab").access("lab")
        assert "KUBECONFIG" in str(caught.value.fix)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("users:\n- s3cr3t: [", r"is not YAML \(line 2\)"),
            ("s3cr3t", "is no kubeconfig"),
            ("users: s3cr3t", "every entry of users needs a name and a user"),
            ("users: [{name: lab, user: s3cr3t}]", "every entry of users needs a name and a user"),
            ("contexts: [{context: {}}]", "every entry of contexts needs a name and a context"),
            (
                "contexts: [{name: lab, context: {cluster: s3}}]",
                "context's cluster s3 is not in the kubeconfig",
            ),
        ],
    )
    def test_a_broken_one_is_not_quoted(self, default: Path, text: str, message: str) -> None:
        default.parent.mkdir()
        default.write_text(text)
        with pytest.raises(ConfigError, match=message) as caught:
            clusters(context="lab").access("lab")
        assert caught.value.fix
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"

    def test_an_empty_one_says_how_to_get_a_context(self, default: Path) -> None:
        default.parent.mkdir()
        default.touch()
        with pytest.raises(NotFoundError, match="there is no context lab") as caught:
            clusters(context="lab").access("lab")
        assert "kind export kubeconfig" in str(caught.value.fix)


@pytest.fixture
def access(default: Path) -> Callable[..., Any]:
    def of(cluster: Any = None, user: Any = None) -> Any:
        kubeconfig(default, cluster=cluster, user=user)
        return clusters(context="lab").access("lab")

    return of


class TestServer:
    def test_without_an_authority_the_systems_is_used(self, access: Callable[..., Any]) -> None:
        found = access({"server": "https://lab:6443/"})
        assert (found.server, found.ca, found.verify) == ("https://lab:6443", None, True)

    def test_an_authority_as_data_wins_over_a_file(self, access: Callable[..., Any]) -> None:
        both = {"certificate-authority-data": DATA, "certificate-authority": "missing.crt"}
        assert access({"server": "https://lab", **both}).ca == PEM

    def test_a_relative_file_is_beside_the_kubeconfig(
        self, access: Callable[..., Any], default: Path
    ) -> None:
        default.parent.mkdir()
        (default.parent / "ca.crt").write_text(PEM)
        assert access({"server": "https://lab", "certificate-authority": "ca.crt"}).ca == PEM

    def test_verification_is_off_only_when_it_says_so(self, access: Callable[..., Any]) -> None:
        assert access({"server": "https://lab", "insecure-skip-tls-verify": True}).verify is False

    @pytest.mark.parametrize(
        ("cluster", "message"),
        [
            ({"x": 1}, "server must be a URL"),
            ({"server": "lab:6443"}, "server must be a URL"),
            ({"server": 6443}, "server must be text"),
            ({"server": "https://l", "certificate-authority": "none.crt"}, "cannot be read: No such file"),
            ({"server": "https://l", "certificate-authority-data": "%"}, "is not base64 of PEM"),
            ({"server": "https://l", "proxy-url": "http://p"}, r"uses a proxy \(proxy-url\)"),
            ({"server": "https://l", "tls-server-name": "x"}, r"\(tls-server-name\)"),
        ],
    )
    def test_what_cannot_be_used(self, access: Callable[..., Any], cluster: Any, message: str) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            access(cluster)
        assert caught.value.fix


class TestCredentials:
    def test_a_token(self, access: Callable[..., Any]) -> None:
        credential = access().credential()
        assert credential == Token(Secret("s3cr3t-token"))
        assert "s3cr3t-token" not in repr(credential)

    def test_a_token_file_is_read_anew_each_time(self, access: Callable[..., Any], default: Path) -> None:
        found = access(user={"tokenFile": "token", "token": "older"})
        for text in ("first\n", "second\n"):
            (default.parent / "token").write_text(text)
            credential = found.credential()
            assert credential.value == Secret(text.strip())
            assert timedelta(0) < credential.expires - datetime.now(UTC) <= timedelta(minutes=1)

    def test_a_client_certificate_as_data(self, access: Callable[..., Any]) -> None:
        user = {"client-certificate-data": DATA, "client-key-data": DATA}
        credential = access(user=user).credential()
        assert credential == ClientCertificate(PEM, Secret(PEM))
        assert PEM not in repr(credential.key)

    def test_a_client_certificate_in_files(self, access: Callable[..., Any], default: Path) -> None:
        found = access(user={"client-certificate": "me.crt", "client-key": "me.key"})
        (default.parent / "me.crt").write_text(PEM)
        (default.parent / "me.key").write_text("key")
        assert found.credential() == ClientCertificate(PEM, Secret("key"))

    def test_nobody(self, access: Callable[..., Any]) -> None:
        assert access(user={}).credential() is None

    @pytest.mark.parametrize(
        ("user", "message"),
        [
            ({"username": "me", "password": "s3cr3t"}, "which Kubernetes 1.19 removed"),
            ({"auth-provider": {"name": "gcp"}}, "which Kubernetes 1.26 removed"),
            ({"token": "t", "as": "system:admin"}, "impersonation"),
            ({"client-certificate-data": DATA}, "client-certificate needs a client-key"),
            (
                {"client-certificate-data": DATA, "client-key-data": "s3cr3t%"},
                "client-key-data is not base64",
            ),
            ({"tokenFile": "missing"}, "the token file .*missing cannot be read"),
            ({"token": 12345678}, "token must be text"),
        ],
    )
    def test_what_cannot_be_used_is_not_quoted(
        self, access: Callable[..., Any], user: Any, message: str
    ) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            access(user=user).credential()
        assert caught.value.fix
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"
