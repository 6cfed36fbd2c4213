"""A base image that an engine could not get: out of reach may pass, absent does not."""

from __future__ import annotations

import pytest

from clouddeploy.errors import CloudDeployError, NotFoundError, TemporaryError
from clouddeploy.images.refusals import base_image_error

SAID = [
    (
        'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
        TemporaryError,
    ),
    ("error pulling image: net/http: TLS handshake timeout", TemporaryError),
    ("toomanyrequests: You have reached your pull rate limit", TemporaryError),
    ("manifest for node:99 not found: manifest unknown: manifest unknown", NotFoundError),
    ("pull access denied for nope, repository does not exist or may require 'docker login'", NotFoundError),
    ("ERROR: nope:1: failed to resolve source metadata for docker.io/library/nope:1", NotFoundError),
]


@pytest.mark.parametrize(("said", "kind"), SAID, ids=[kind.__name__ + said[:12] for said, kind in SAID])
def test_what_the_engine_says_decides(said: str, kind: type[CloudDeployError]) -> None:
    error = base_image_error("could not build shop/web", ["Step 1/3 : FROM node:99", said])
    assert type(error) is kind
    assert error.fix


def test_a_step_that_fails_is_neither() -> None:
    assert base_image_error("could not build", ["npm ERR! 404 Not Found"]) is None
    assert base_image_error("could not build", []) is None
