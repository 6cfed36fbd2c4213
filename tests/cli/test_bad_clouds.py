"""Bad input and bad days, one matrix over four clouds: each cell ends in one error, its fix, its exit code.

The commands are processes of their own, the clouds emulated ones in this process, whose ledger knows what is
billed: nothing may be that `cluster leftovers` and `cluster list` do not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from moto_fixtures import alibaba, aws, digitalocean, gcp
from tests.cli.test_bad_input import one_error
from tests.cli.troubles import CREATE, CREDENTIALS, PUSH, WISHES, Cell, Given, weather_of
from tests.commandline import Ran, Run

CLOUDS = {"alibaba": alibaba, "aws": aws, "digitalocean": digitalocean, "gcp": gcp}
ODD = Path(__file__).parent / "odd"
PACE = 600
FREE = {"vpc", "repository"}
"""What a ledger names and nobody is billed for: networks, and repositories with nothing in them."""

CONFIG = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web: {build: .}
targets:
  it: {provider: PROVIDER, REGION cluster: {name: demo}}
"""


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """The four emulated accounts, started when they are first asked for."""
    with ExitStack() as stack:

        class Started(dict[str, Any]):
            def __missing__(self, name: str) -> Any:
                running = CLOUDS[name].running(tmp_path_factory.mktemp(name), PACE)
                self[name] = stack.enter_context(running)
                return self[name]

        yield Started()


@pytest.fixture
def given(cloud: str, accounts: Mapping[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """An empty account of the cloud, whose credentials this process has too, to plant things."""
    account = accounts[cloud]
    account.cloud.reset()
    for name, value in account.cloud.environment.items():
        monkeypatch.setenv(name, value)
    return Given(account, tmp_path)


def cells(table: Mapping[str, Mapping[str, Cell | str]], *commands: Sequence[str]) -> Any:
    """Every cell that is no reason, with each of its commands, as a test of its own."""
    found = [
        pytest.param(cloud, cell, command, id=f"{trouble.replace(' ', '-')}-{cloud}-{command[-1].strip('-')}")
        for trouble, row in table.items()
        for cloud, cell in row.items()
        if isinstance(cell, Cell)
        for command in commands
        if command in cell.commands
    ]
    return pytest.mark.parametrize(("cloud", "cell", "command"), found)


def environment(given: Given) -> dict[str, str]:
    return {**given.cloud.environment, "PYTHONPATH": str(ODD), "ODD_PACE": str(PACE)}


def config(cloud: str, cell: Cell) -> str:
    region = {"region": CLOUDS[cloud].REGION, **cell.target}["region"]
    return CONFIG.replace("PROVIDER", cloud).replace("REGION", f"region: {region},")


def billed(given: Given) -> set[tuple[str, str]]:
    """Kind and id of what the cloud bills."""
    return {(kind, key) for kind, key, *_ in given.cloud.ledger() if kind not in FREE}


def assert_everything_billed_is_shown(run: Run, given: Given, before: set[tuple[str, str]]) -> None:
    """Of what was made since, each cluster is in `cluster list` and all else in `cluster leftovers`."""
    made = billed(given) - before
    if not made:
        return
    shown = [run("cluster", words, "-o", "json", env=environment(given)) for words in ("list", "leftovers")]
    clusters, left = [json.loads(one.out) for one in shown]
    names = {one["name"] for one in clusters}
    assert "demo" in names or all(kind not in {"cluster", "node", "node pool"} for kind, _ in made)
    ids = {one["id"] for one in left}
    parts = own_parts(given) if "demo" in names else set()
    assert {key for kind, key in made if kind not in {"cluster", "node", "node pool"}} <= ids | parts


def own_parts(given: Given) -> set[str]:
    """What a cluster in the list is itself made of: ACK's API server has a load balancer and an address."""
    if not isinstance(given.account, alibaba.AlibabaAccount):
        return set()
    world = given.cloud.world
    return {one.id for kind in ("slb", "eip") for one in world.of(kind) if one.cluster_id}


def bring_about(run: Run, given: Given, cell: Cell, command: Sequence[str]) -> Ran:
    changes = cell.arrange(given) or {}
    return run(*command, *cell.flags, env={**environment(given), **changes})


@pytest.mark.parametrize("trouble", [*CREDENTIALS, *WISHES])
def test_every_row_has_a_cell_or_a_reason_for_each_cloud(trouble: str) -> None:
    assert {**CREDENTIALS, **WISHES}[trouble].keys() == CLOUDS.keys()


@cells(CREDENTIALS, CREATE, PUSH)
def test_nobody_and_nothing_to_act_with(
    run: Run, static_app: Path, given: Given, cloud: str, cell: Cell, command: Sequence[str]
) -> None:
    """The same error whatever the command, and nothing billed that is not shown."""
    (static_app / "clouddeploy.yaml").write_text(config(cloud, cell))
    one_error(bring_about(run, given, cell, command), cell.code, *cell.says)
    assert_everything_billed_is_shown(run, given, set())


@cells(WISHES, CREATE)
def test_a_cluster_that_cannot_be_made_like_that(
    run: Run, static_app: Path, given: Given, cloud: str, cell: Cell, command: Sequence[str]
) -> None:
    """What others have is as it was, and nothing came to it."""
    (static_app / "clouddeploy.yaml").write_text(config(cloud, cell))
    changes = cell.arrange(given) or {}
    before = billed(given)
    done = run(*command, *cell.flags, env={**environment(given), **changes})
    one_error(done, cell.code, *cell.says)
    assert billed(given) == before


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_what_was_temporary_is_over_when_the_cloud_is_well_again(
    run: Run, static_app: Path, given: Given, cloud: str
) -> None:
    """75 says that the same command may succeed; it does, and makes one cluster."""
    cell = WISHES["it answers 503 for five minutes"][cloud]
    assert isinstance(cell, Cell)
    (static_app / "clouddeploy.yaml").write_text(config(cloud, cell))
    changes = cell.arrange(given) or {}
    assert run(*CREATE, env={**environment(given), **changes}).code == cell.code
    weather_of(given.cloud).clear()
    again = run(*CREATE, env=environment(given))
    assert again.code == 0, again.err
    assert sum(kind == "cluster" for kind, _ in billed(given)) == 1
    assert_everything_billed_is_shown(run, given, set())
