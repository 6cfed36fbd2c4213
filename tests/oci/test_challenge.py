"""WWW-Authenticate as registries send it."""

from __future__ import annotations

import pytest

from clouddeploy.oci.challenge import Challenge, choose, parse_challenges


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("Basic", [Challenge("basic")]),
        (
            'Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
            [
                Challenge(
                    "basic",
                    {"realm": "https://1.dkr.ecr.eu-west-1.amazonaws.com/", "service": "ecr.amazonaws.com"},
                )
            ],
        ),
        (
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull,push"',
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.example/token",
                        "service": "r",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ("BEARER Realm=plain , error = x", [Challenge("bearer", {"realm": "plain", "error": "x"})]),
        (r'Basic realm="a \"quoted\" one"', [Challenge("basic", {"realm": 'a "quoted" one'})]),
        ('Negotiate, Basic realm="x"', [Challenge("negotiate"), Challenge("basic", {"realm": "x"})]),
        ('Bearer realm="a",realm="b"', [Challenge("bearer", {"realm": "a"})]),
        ("", []),
        ("=x", []),
    ],
)
def test_parsing(header: str, challenges: list[Challenge]) -> None:
    assert parse_challenges([header]) == challenges


def test_bearer_is_preferred_to_basic() -> None:
    found = choose(parse_challenges(['Basic realm="x"', 'Bearer realm="https://auth.example/token"']))
    assert found
    assert found.scheme == "bearer"


def test_a_bearer_without_a_realm_and_foreign_schemes_are_of_no_use() -> None:
    assert (
        choose(parse_challenges(["Bearer", "Negotiate", "Digest realm=x", 'Bearer realm="unfinished']))
        is None
    )
