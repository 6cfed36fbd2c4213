"""References as Docker reads them."""

from __future__ import annotations

import pytest

from clouddeploy.errors import ConfigError
from clouddeploy.oci.reference import Reference

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.29", "docker.io/library/nginx:1.29"),
        ("acme/web", "docker.io/acme/web:latest"),
        ("index.docker.io/acme/web", "docker.io/acme/web:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("localhost/web", "localhost/web:latest"),
        ("localhost:5000/web:2", "localhost:5000/web:2"),
        ("ghcr.io/acme/web", "ghcr.io/acme/web:latest"),
        ("[::1]:5000/web", "[::1]:5000/web:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}"),
        ("a__b/c-d.e/f---g", "docker.io/a__b/c-d.e/f---g:latest"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v1",) * 2,
    ],
)
def test_docker_defaults(text: str, whole: str) -> None:
    assert str(Reference.parse(text)) == whole


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("docker.io/library/nginx:1", "nginx:1"),
        ("docker.io/acme/web:1", "acme/web:1"),
        ("ghcr.io/library/web:1", "ghcr.io/library/web:1"),
    ],
)
def test_the_familiar_form(text: str, short: str) -> None:
    assert Reference.parse(text).familiar() == short


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "UPPER",
        "acme/Web",
        "nginx:",
        "nginx:a b",
        "nginx:" + "a" * 129,
        "nginx@",
        "nginx@sha256:short",
        "nginx@md5:" + "a" * 32,
        "https://ghcr.io/acme/web",
        "ghcr.io/acme//web",
        "ghcr.io/../etc",
        "ghcr.io/acme/web/",
        "user@ghcr.io/acme/web",
        "ghcr.io:port/web",
        "ghcr.io/" + "a" * 256,
        "nginx\n",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an image reference") as caught:
        Reference.parse(text)
    assert caught.value.fix == "write it as [host[:port]/]path[:tag][@sha256:…]"


def test_an_address_is_host_and_path() -> None:
    assert Reference.parse_address("localhost:5000/shop/web") == Reference("localhost:5000", "shop/web")


@pytest.mark.parametrize(
    "text", ["localhost:5000", "localhost:5000/", "localhost:5000/web:1", "/web", "a b/web"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an image reference"):
        Reference.parse_address(text)
