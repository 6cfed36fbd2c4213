"""Addresses and logins of any registry host."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec, Login, Repository, Secret, TargetSettings
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, MissingToolError
from clouddeploy_kubernetes import connect
from clouddeploy_kubernetes.registry import HostRegistry

Program = Callable[[str, str], Path]


def registry(**settings: str) -> HostRegistry:
    return HostRegistry(TargetSettings("lab", "kubernetes", ClusterSpec("lab"), registry=settings))


@pytest.fixture
def docker(home: Path) -> Callable[..., Path]:
    """Writes docker's config.json."""

    def write(config: Any = None, **sections: Any) -> Path:
        path = home / ".docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(config if isinstance(config, str) else json.dumps(sections))
        return path

    return write


def basic(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


class TestAddress:
    @pytest.mark.parametrize(
        ("settings", "address"),
        [
            ({"host": "ghcr.io"}, "ghcr.io/shop/web"),
            ({"host": "ghcr.io", "namespace": "acme/apps"}, "ghcr.io/acme/apps/shop/web"),
            ({"host": "ghcr.io", "namespace": "/acme/"}, "ghcr.io/acme/shop/web"),
            ({"host": "localhost:5000"}, "localhost:5000/shop/web"),
            ({"host": "localhost"}, "localhost/shop/web"),
            ({"host": "127.0.0.1:40001"}, "127.0.0.1:40001/shop/web"),
            ({"host": "[::1]:5000"}, "[::1]:5000/shop/web"),
            ({"host": "docker.io", "namespace": "acme"}, "docker.io/acme/shop/web"),
        ],
    )
    def test_is_host_namespace_and_repository(self, settings: dict[str, str], address: str) -> None:
        assert registry(**settings).address("shop/web") == address

    def test_ensure_leaves_the_making_to_the_push(self) -> None:
        assert registry(host="ghcr.io").ensure("web") == Repository("ghcr.io/web", created=False)

    @pytest.mark.parametrize(
        ("settings", "message", "fix"),
        [
            ({}, "target lab names no registry", "targets.lab.registry: {host: ghcr.io"),
            ({"host": "https://ghcr.io"}, "must be a host such as ghcr.io", "leave out https://"),
            ({"host": "ghcr.io/acme"}, "must be a host such as ghcr.io", "namespace:"),
            ({"host": "user:pw@ghcr.io"}, "must be a host such as ghcr.io", "leave out https://"),
            ({"host": "ghcr.io:https"}, "must be a host such as ghcr.io", "leave out https://"),
            ({"host": "registry"}, "would be read as a name on Docker Hub", "registry:443"),
            ({"host": "ghcr.io", "namespace": "Acme"}, "Acme/web is no repository name", "lower-case"),
            ({"host": "ghcr.io", "namespace": "a/../b"}, "is no repository name", "lower-case"),
        ],
    )
    def test_what_cannot_be_one(self, settings: dict[str, str], message: str, fix: str) -> None:
        with pytest.raises(ConfigError, match=message) as caught:
            registry(**settings).address("web")
        assert fix in str(caught.value.fix)

    def test_a_long_host_is_refused_at_once(self) -> None:
        with pytest.raises(ConfigError):
            registry(host="a" * 5000 + "!").address("web")


class TestEnvironment:
    def test_wins_over_docker(self, docker: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
        docker(auths={"ghcr.io": basic("from-docker", "other-password")})
        monkeypatch.setenv("CLOUDDEPLOY_REGISTRY_USERNAME", "ci")
        monkeypatch.setenv("CLOUDDEPLOY_REGISTRY_PASSWORD", "s3cr3t-password")
        login = registry(host="ghcr.io").login()
        assert login == Login("ghcr.io", "ci", Secret("s3cr3t-password"))
        assert "s3cr3t-password" not in repr(login)

    @pytest.mark.parametrize("one", ["USERNAME", "PASSWORD"])
    def test_half_of_it_is_refused(self, one: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"CLOUDDEPLOY_REGISTRY_{one}", "s3cr3t-password")
        with pytest.raises(CredentialsError, match=f"{one} is set and .* is not") as caught:
            registry(host="ghcr.io").login()
        assert "s3cr3t-password" not in f"{caught.value.message} {caught.value.fix}"


class TestDockerConfig:
    def test_none_means_anonymous(self) -> None:
        assert registry(host="ghcr.io").login() is None

    def test_another_hosts_login_is_not_ours(self, docker: Callable[..., Path]) -> None:
        docker(auths={"ghcr.io.evil.example": basic("a", "b"), "docker.io": basic("a", "b"), "ghcr.io": {}})
        assert registry(host="ghcr.io").login() is None

    @pytest.mark.parametrize(
        ("key", "host"),
        [
            ("ghcr.io", "ghcr.io"),
            ("https://ghcr.io", "ghcr.io"),
            ("https://ghcr.io/v1/", "ghcr.io"),
            ("localhost:5000", "localhost:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
        ],
    )
    def test_finds_the_host_however_docker_wrote_it(
        self, docker: Callable[..., Path], key: str, host: str
    ) -> None:
        docker(auths={key: basic("me", "pass:with:colons")})
        assert registry(host=host).login() == Login(host, "me", Secret("pass:with:colons"))

    def test_a_plain_name_and_password(self, docker: Callable[..., Path]) -> None:
        docker(auths={"ghcr.io": {"username": "me", "password": "s3cr3t"}})
        assert registry(host="ghcr.io").login() == Login("ghcr.io", "me", Secret("s3cr3t"))

    def test_in_the_folder_of_docker_config(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": basic("me", "s3cr3t")}}))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        assert registry(host="ghcr.io").login() == Login("ghcr.io", "me", Secret("s3cr3t"))

    @pytest.mark.parametrize(
        ("config", "kind", "message"),
        [
            ('{"auths": {"ghcr.io": {"auth": "s3cr3t', ConfigError, r"is not JSON \(line 1\)"),
            ('["s3cr3t"]', ConfigError, "is not a JSON object"),
            (
                '{"auths": {"ghcr.io": {"auth": "%s3cr3t"}}}',
                ConfigError,
                "a login for ghcr.io that cannot be",
            ),
            (
                '{"auths": {"ghcr.io": {"auth": "czNjcjN0"}}}',
                ConfigError,
                "a login for ghcr.io that cannot be",
            ),
            (
                '{"auths": {"ghcr.io": {"auth": "bWU6", "identitytoken": "s3cr3t"}}}',
                CredentialsError,
                "an identity token",
            ),
        ],
    )
    def test_what_cannot_be_used_is_not_quoted(
        self, docker: Callable[..., Path], config: str, kind: type[CloudDeployError], message: str
    ) -> None:
        docker(config)
        with pytest.raises(kind, match=message) as caught:
            registry(host="ghcr.io").login()
        assert caught.value.fix
        assert caught.value.__cause__ is None
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"

    def test_a_file_that_may_not_be_read(self, docker: Callable[..., Path]) -> None:
        docker().write_bytes(b"\xff")
        with pytest.raises(ConfigError, match="is no text"):
            registry(host="ghcr.io").login()


ANSWER = """printf '{"ServerURL": "%s", "Username": "me", "Secret": "s3cr3t-password"}' "$(cat)" """


class TestCredentialHelper:
    def test_is_asked_on_standard_input(
        self, docker: Callable[..., Path], program: Program, tmp_path: Path
    ) -> None:
        asked = tmp_path / "asked"
        program("docker-credential-vault", f'echo "$@" > {asked}; tee -a {asked} > /dev/null; {ANSWER}')
        docker(credHelpers={"ghcr.io": "vault"})
        assert registry(host="ghcr.io").login() == Login("ghcr.io", "me", Secret("s3cr3t-password"))
        assert asked.read_text() == "get\nghcr.io"

    def test_the_hosts_own_wins_over_the_store(self, docker: Callable[..., Path], program: Program) -> None:
        program("docker-credential-vault", ANSWER)
        docker(credHelpers={"ghcr.io": "vault"}, credsStore="missing")
        assert registry(host="ghcr.io").login() is not None

    def test_docker_hub_has_a_key_of_its_own(
        self, docker: Callable[..., Path], program: Program, tmp_path: Path
    ) -> None:
        program("docker-credential-store", f"tee {tmp_path}/asked > /dev/null; {ANSWER}")
        docker(credsStore="store", auths={"https://index.docker.io/v1/": {}})
        assert registry(host="docker.io").login() == Login("docker.io", "me", Secret("s3cr3t-password"))
        assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/"

    def test_that_knows_none_leaves_it_to_auths(self, docker: Callable[..., Path], program: Program) -> None:
        program("docker-credential-store", "echo credentials not found in native keychain; exit 1")
        docker(credsStore="store", auths={"ghcr.io": basic("me", "s3cr3t")})
        assert registry(host="ghcr.io").login() == Login("ghcr.io", "me", Secret("s3cr3t"))
        assert registry(host="quay.io").login() is None

    def test_that_is_not_installed(self, docker: Callable[..., Path]) -> None:
        docker(credsStore="no-such-helper")
        with pytest.raises(MissingToolError, match="docker-credential-no-such-helper") as caught:
            registry(host="ghcr.io").login()
        assert "install docker-credential-no-such-helper" in str(caught.value.fix)

    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("echo s3cr3t-password; exit 3", "failed with exit code 3"),
            ("echo s3cr3t-password", "printed no credential"),
            ("echo '{}'", "printed no credential"),
            ("echo '[1]'", "printed no credential"),
            ("""echo '{"Username": "<token>", "Secret": "s3cr3t-password"}'""", "is an identity token"),
        ],
    )
    def test_that_fails_is_not_quoted(
        self, docker: Callable[..., Path], program: Program, script: str, message: str
    ) -> None:
        program("docker-credential-bad", f"cat > /dev/null; {script}")
        docker(credsStore="bad")
        with pytest.raises(CredentialsError, match=message) as caught:
            registry(host="ghcr.io").login()
        assert caught.value.fix
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"

    def test_with_a_path_for_a_name(self, docker: Callable[..., Path]) -> None:
        docker(credsStore="../../tmp/evil")
        with pytest.raises(ConfigError, match="malformed name"):
            registry(host="ghcr.io").login()


class TestConnect:
    @pytest.mark.parametrize(
        ("options", "settings", "message", "fix"),
        [
            ({"contxt": "x"}, {}, "knows no key contxt; did you mean context", "context, kubeconfig"),
            ({}, {"hots": "x"}, "knows no key hots; did you mean host", "host, namespace"),
            ({"profile": "x"}, {}, "knows no key profile$", "context, kubeconfig"),
        ],
    )
    def test_an_unknown_key(
        self, options: dict[str, str], settings: dict[str, str], message: str, fix: str
    ) -> None:
        target = TargetSettings("lab", "kubernetes", ClusterSpec("x"), options=options, registry=settings)
        with pytest.raises(ConfigError, match=message) as caught:
            connect(target)
        assert fix in str(caught.value.fix)

    def test_makes_no_clusters_and_says_so_in_the_type(self) -> None:
        provider = connect(TargetSettings("lab", "kubernetes", ClusterSpec("x")))
        assert (provider.name, provider.provisioner, provider.prices) == ("kubernetes", None, None)
