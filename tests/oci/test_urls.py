"""Where a registry may send us, and where not."""

from __future__ import annotations

import pytest

from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.addresses import Zone, is_loopback, may_name, zone_of
from clouddeploy.oci.urls import (
    Origin,
    registry_origin,
    resolve_location,
    resolve_page,
    resolve_realm,
    target_of,
)

PUBLIC = Origin.of("https://registry.example.com")
LOCAL = Origin.of("http://localhost:5000")
PRIVATE = Origin.of("https://10.1.2.3:5000")
BASE = "https://registry.example.com/v2/web/blobs/uploads/"

INSIDE = [
    "https://127.0.0.1/",
    "https://127.8.9.10:8443/",
    "https://localhost:6443/",
    "https://api.localhost/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.7/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://[fd12:3456::1]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fd00:ec2::254]/",
    "https://100.100.100.200/latest/meta-data/",
    "https://168.63.129.16/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_a_public_registry_may_not_point_inside(url: str) -> None:
    with pytest.raises(
        CloudDeployError, match=r"registry\.example\.com sent us to an unsafe URL .* internal address"
    ):
        resolve_location(PUBLIC, BASE, url, "push to web")
    with pytest.raises(CloudDeployError, match="internal address"):
        resolve_realm(PUBLIC, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://registry.example.com/x",
        "http://storage.example.com/x",
        "ftp://storage.example.com/x",
        "file:///etc/passwd",
        "https://user:pass@storage.example.com/x",
        "https://registry.example.com\\@evil.example/x",
        "https://evil.example/a b",
        "https://evil.example/\r\nX: y",
        "https://storage.example.com:port/x",
        "//[half",
    ],
)
def test_urls_that_are_refused_everywhere(url: str) -> None:
    with pytest.raises(CloudDeployError, match="unsafe URL") as caught:
        resolve_location(PUBLIC, BASE, url, "push to web")
    assert caught.value.fix == "nothing was sent there; tell whoever runs this registry"


def test_a_location_may_be_relative_absolute_or_an_object_store() -> None:
    assert resolve_location(PUBLIC, BASE, "/v2/u/1?a=b", "x") == "https://registry.example.com/v2/u/1?a=b"
    assert resolve_location(PUBLIC, BASE, "1?a", "x") == f"{BASE}1?a"
    assert (
        resolve_location(PUBLIC, BASE, "https://s3.example.com/x?sig=1#f", "x")
        == "https://s3.example.com/x?sig=1"
    )


def test_no_location_at_all() -> None:
    with pytest.raises(CloudDeployError, match=r"registry\.example\.com sent no Location"):
        resolve_location(PUBLIC, BASE, None, "push to web")


def test_the_next_page_stays_at_home() -> None:
    assert resolve_page(PUBLIC, f"{PUBLIC}/v2/web/tags/list", "/v2/web/tags/list?last=a").endswith("?last=a")
    with pytest.raises(CloudDeployError, match="another server"):
        resolve_page(PUBLIC, BASE, "https://evil.example/v2/web/tags/list?last=a")


def test_realms() -> None:
    assert resolve_realm(PUBLIC, "https://auth.example.com/token") == "https://auth.example.com/token"
    assert resolve_realm(LOCAL, "http://127.0.0.1:5001/token") == "http://127.0.0.1:5001/token"
    assert resolve_realm(PRIVATE, "https://10.9.9.9/token") == "https://10.9.9.9/token"


@pytest.mark.parametrize(
    ("home", "realm", "why"),
    [
        (PUBLIC, "http://auth.example.com/token", "without encryption"),
        (PUBLIC, "/token", "not an http or https URL"),
        (LOCAL, "http://auth.example.com/token", "without encryption"),
        (LOCAL, "https://auth.example.com/token", "without TLS may not name another server"),
        (LOCAL, "http://169.254.169.254/token", "without encryption"),
        (PRIVATE, "https://127.0.0.1/token", "internal address"),
        (PRIVATE, "https://169.254.169.254/token", "internal address"),
    ],
)
def test_realms_that_are_refused(home: Origin, realm: str, why: str) -> None:
    with pytest.raises(CloudDeployError, match=f"unsafe URL for the login: .*{why}"):
        resolve_realm(home, realm)


def test_zones() -> None:
    assert zone_of("8.8.8.8") is zone_of("2001:4860:4860::8888") is Zone.PUBLIC
    assert zone_of("10.0.0.1") is zone_of("100.64.0.1") is zone_of("fd00::1") is Zone.PRIVATE
    assert zone_of("127.0.0.1") is zone_of("::1") is Zone.LOOPBACK
    assert zone_of("169.254.169.254") is zone_of("fe80::1%eth0") is Zone.NEVER


def test_who_may_name_whom() -> None:
    assert may_name(Zone.PRIVATE, Zone.PUBLIC)
    assert may_name(Zone.LOOPBACK, Zone.PRIVATE)
    assert not may_name(Zone.PUBLIC, Zone.PRIVATE)
    assert not may_name(Zone.LOOPBACK, Zone.NEVER)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "a.localhost", "localhost.", "127.0.0.1", "127.1.2.3", "::1"]
)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "mylocalhost"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_origins_differ_by_scheme_host_and_port() -> None:
    assert Origin.of("https://A.example/x") == Origin.of("https://a.example:443/y")
    assert Origin.of("https://a.example") != Origin.of("https://a.example:8443")
    assert Origin.of("https://a.example") != Origin.of("http://a.example")


def test_names_of_origins() -> None:
    assert str(Origin.of("https://[::1]:5000/x")) == "https://[::1]:5000"
    assert Origin.of("https://a.example:443").name == "a.example"
    assert str(registry_origin("docker.io")) == "https://registry-1.docker.io"


def test_the_request_line() -> None:
    assert target_of("https://a.example") == "/"
    assert target_of("https://a.example/b?c=d%2F") == "/b?c=d%2F"
