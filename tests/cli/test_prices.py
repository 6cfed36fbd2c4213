"""`clouddeploy prices refresh`: what was read is what compare uses."""

from __future__ import annotations

import json

from tests.cli.test_bad_input import one_error
from tests.commandline import Run
from tests.prices.vendors import running


def test_refreshed_prices_are_what_compare_uses(run: Run) -> None:
    with running() as vendors:
        done = run("prices", "refresh", "--from", "aws,ali", "-o", "json", env=vendors.environment())
    assert done.code == 0
    assert [(one["cloud"], one["error"]) for one in json.loads(done.out)] == [
        ("aws", None),
        ("alibaba", None),
    ]
    shown = run(
        "compare", "--replicas", "2", "--machine", "aws=t3.medium", "-o", "json", "--explain", "aws"
    ).out
    node = next(line for line in json.loads(shown)["lines"] if line["kind"] == "nodes")
    assert (node["unit_usd"], node["confidence"]) == ("0.05", "refreshed")


def test_a_part_that_fails_is_a_partial_failure(run: Run) -> None:
    with running() as vendors:
        vendors.broken["/offers"] = 404
        done = run("prices", "refresh", "--from", "aws,ali", env=vendors.environment())
    one_error(done, 4, "clouddeploy prices refresh --from aws")


def test_an_unknown_cloud_names_the_nearest(run: Run) -> None:
    one_error(run("prices", "refresh", "--from", "asw"), 2, "did you mean aws?")
