"""What Google's descriptions forbid, the emulated project refuses, beside a good request of each method."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from clouddeploy.emulator.server import Server
from moto_fixtures.gcp import GcpAccount
from tests.providers.gcp.discovery import Discovery
from tests.providers.gcp.forbidden import EXCUSES, Attempt, Tempter
from tests.providers.gcp.test_gcp_schema import gclouds_life, whole_life

LIVES: tuple[Callable[[GcpAccount], None], ...] = (whole_life, gclouds_life)
OTHER_STATUS = {
    # crossplane-contrib/provider-gcp#477: no fingerprint is a wrong one.
    (
        "container.projects.locations.clusters.setResourceLabels",
        "labelFingerprint",
        "missing",
    ): "FAILED_PRECONDITION",
}
"""Where Google has another word than INVALID_ARGUMENT."""


def unlike_google(attempt: Attempt) -> str:
    """What is wrong with a refusal; empty for nothing."""
    if attempt.status not in {400, 404 if attempt.part == "path" else 400}:
        return f"{attempt.status}"
    error = json.loads(attempt.answer)["error"]
    if error["code"] != attempt.status or not error["message"]:
        return "code or message"
    if attempt.method.startswith("compute.") and attempt.status == 400:
        return "" if error["errors"][0]["reason"] == "invalid" and "status" not in error else "form"
    wanted = OTHER_STATUS.get((attempt.method, attempt.where, attempt.wrong), "INVALID_ARGUMENT")
    return "" if error["status"] == (wanted if attempt.status == 400 else "NOT_FOUND") else error["status"]


def test_everything_that_the_descriptions_forbid_is_refused(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    discovery = Discovery()
    tempter = Tempter(gcp_account.cloud.faults, discovery, gcp_account.cloud.ledger)
    with Server(tempter) as server:
        for live in LIVES:
            gcp_account.cloud.reset()
            monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", server.url)
            live(gcp_account)
    sent = Counter(one.method for one in tempter.attempts)
    bad = [(one, why) for one in tempter.attempts if (why := unlike_google(one))]
    refused = sent - Counter(one.method for one, _ in bad)
    for method, number in sorted(sent.items()):
        print(f"{method:<75}{number:>5} sent{refused[method]:>5} refused")
    print(f"{'all':<75}{sent.total():>5} sent{refused.total():>5} refused")
    assert bad == []
    assert tempter.changed == []
    assert tempter.excused == set(EXCUSES)
    assert set(sent) == {one.id for one in discovery.methods}
    assert sent.total() > 500
    record_property("refusals", f"gcp: {sent.total()} beside {len(sent)} operations")
