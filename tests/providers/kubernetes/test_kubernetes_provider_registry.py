"""Addresses and logins of any registry host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.contract import ClusterSpec, Login, Repository, Secret, TargetSettings
from clouddeploy.errors import ConfigError, CredentialsError
from clouddeploy_kubernetes import connect
from clouddeploy_kubernetes.registry import HostRegistry


def registry(**settings: str) -> HostRegistry:
    return HostRegistry(TargetSettings("lab", "kubernetes", ClusterSpec("lab"), registry=settings))


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
        docker(auths={"ghcr.io": {"auth": "ZnJvbS1kb2NrZXI6b3RoZXI="}})
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


def test_docker_is_left_to_the_core(docker: Callable[..., Path]) -> None:
    docker(auths={"ghcr.io": {"auth": "bWU6czNjcjN0"}})
    assert registry(host="ghcr.io").login() is None


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
        assert (provider.name, provider.provisioner, provider.nodes) == ("kubernetes", None, None)
