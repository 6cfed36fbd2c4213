"""What a person is told of a rollout that failed: the cause, whole enough to be read, and what mends it."""

from __future__ import annotations

import pytest

from clouddeploy.errors import PullRefusedError, UnhealthyError
from clouddeploy.kube.client import Kube
from clouddeploy.kube.explain import unhealthy
from clouddeploy.kube.rollout import Rollout, Trouble

# What is read from the cluster besides is nothing here, so one API server is enough.
pytestmark = pytest.mark.parametrize("cluster", [False], indirect=True, ids=["built-in"])

IMAGE = f"registry.test/{'shop/' * 40}web@sha256:{'0' * 64}"
RESOLVE = (
    f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": failed to authorize'
)


def explained(kube: Kube, reason: str) -> UnhealthyError:
    trouble = Trouble(reason, hopeless=True)
    return unhealthy(kube, "shop", [Rollout("web", 0, 1, done=False, trouble=trouble)], None)


@pytest.mark.parametrize(
    "cause",
    [
        "failed to fetch anonymous token: unexpected status from GET request to https://x/: 401 Unauthorized",
        "failed to fetch oauth token: unexpected status from GET request to https://x/: 403 Forbidden",
        "server message: insufficient_scope: authorization failed",
        "no basic auth credentials",
    ],
)
@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_a_pull_that_is_refused_is_mended_by_letting_the_cluster_pull(
    reason: str, cause: str, kube: Kube
) -> None:
    error = explained(kube, f"{reason}: {RESOLVE}: {cause}")
    assert isinstance(error, PullRefusedError)
    assert "let the cluster pull from this registry" in str(error.fix)
    first = error.message.splitlines()[0]
    assert first.startswith(f"web: 0 of 1 ready: {reason}: failed to pull and unpack image ")
    assert first.endswith(cause)
    assert len(first) < 330


@pytest.mark.parametrize("reason", [f"ErrImagePull: {IMAGE}: not found", "CrashLoopBackOff: exits with 401"])
def test_anything_else_is_the_services_own(reason: str, kube: Kube) -> None:
    error = explained(kube, reason)
    assert not isinstance(error, PullRefusedError)
    assert str(error.fix).startswith("correct web and deploy again")
