"""Cut off at any write, before or after it is applied: run again, everything is as if nothing had happened.

Making and deleting a cluster is a fixed list of writes. For each of them the connection is lost once
before the cloud has heard the request and once after; the process is killed before and after; and the
cloud refuses it once with 503. Another process then runs the command again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from clouddeploy import clusters
from clouddeploy.emulator.faults import Request
from clouddeploy.errors import TemporaryError
from moto_fixtures.alibaba import READERS, AlibabaAccount

CREATES = (
    "CR:CreateNamespace",
    "CR:CreateRepository",
    "VPC:CreateVpc",
    "VPC:CreateVSwitch",
    "VPC:CreateVSwitch",
    "CS:CreateCluster",
    "CS:CreateClusterNodePool",
    "CS:InstallClusterAddons",
)
CHANGES = ("CS:ModifyClusterNodePool", "CS:UpgradeCluster", "CS:UpgradeClusterNodepool")
DELETES = (
    "CS:UnInstallClusterAddons",
    "CS:DeleteCluster",
    "VPC:DeleteVSwitch",
    "VPC:DeleteVSwitch",
    "VPC:DeleteVpc",
)
WRITES = (*CREATES, *CHANGES, *DELETES)
WAYS = ("before", "after", "killed before", "killed after", "refused")
POINTS = [(number, when) for number in range(1, len(WRITES) + 1) for when in WAYS]


class Killed(BaseException):
    """The process ends here: no handler of errors sees it."""


def is_write(request: Request) -> bool:
    return not request.headers.get("x-acs-action", "Get").startswith(READERS)


class Line:
    """Everything that is done to one cluster in its life, each part by a process of its own.

    What a cluster used is free at once: each write is needed once and can be counted.
    """

    def __init__(self, account: AlibabaAccount) -> None:
        self.account = account
        account.cloud.ack.lingering = 0

    def parts(self) -> list[str]:
        return ["registry", "up", "scale", "upgrade", "down"]

    def run(self, part: str) -> None:
        provider = self.account.provider()
        assert provider.provisioner
        assert provider.nodes
        spec = self.account.target().cluster
        match part:
            case "registry":
                provider.registry.ensure("shop/web")
            case "up":
                # One version behind, so that there is something to upgrade to.
                self._up(provider.provisioner.steps(type(spec)("demo", version="1.34")))
            case "scale":
                self._up(provider.nodes.scale("demo", 3))
            case "upgrade":
                self._up(provider.provisioner.upgrade("demo", "1.35"))
            case "down":
                clusters.down(provider.provisioner.steps(spec), clock=self.account.clock)

    def _up(self, steps: object) -> None:
        assert isinstance(steps, tuple | list)
        clusters.up(steps, clock=self.account.clock)

    def seen(self) -> tuple[object, ...]:
        """The end state without what differs each time: ids, times."""
        cloud = self.account.cloud
        kinds = sorted(
            (one.kind, one.name, one.cidr, sorted(one.tags)) for one in cloud.world.resources.values()
        )
        made = [
            (
                one.name,
                one.version,
                one.tags,
                [(pool.name, pool.desired, pool.serving) for pool in one.pools.values()],
            )
            for one in cloud.ack.clusters()
        ]
        return kinds, made, sorted(cloud.acr.repositories), sorted(cloud.acr.namespaces), len(cloud.acr.rules)


def test_the_writes_of_a_life_are_these(alibaba_account: AlibabaAccount) -> None:
    line = Line(alibaba_account)
    for part in line.parts():
        line.run(part)
    assert tuple(alibaba_account.writes()) == WRITES
    assert alibaba_account.cloud.ledger() == []


@pytest.fixture(scope="module")
def undisturbed(alibaba_cloud: AlibabaAccount) -> dict[str, tuple[object, ...]]:
    """What the account looks like after each part when nothing goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in alibaba_cloud.cloud.environment.items():
            patch.setenv(name, value)
        alibaba_cloud.cloud.reset()
        line, found = Line(alibaba_cloud), {}
        for part in line.parts():
            line.run(part)
            found[part] = line.seen()
        return found


@pytest.mark.parametrize(
    ("number", "when"), POINTS, ids=[f"{number}-{WRITES[number - 1]}-{when}" for number, when in POINTS]
)
def test_cut_off_at_any_write_it_goes_on_to_the_same_end(
    number: int, when: str, alibaba_account: AlibabaAccount, undisturbed: dict[str, tuple[object, ...]]
) -> None:
    line, hits = Line(alibaba_account), []

    def cut(request: Request) -> None:
        hits.append(request.headers["x-acs-action"])
        raise ConnectionResetError("cut off")

    faults = alibaba_account.cloud.faults
    if when == "refused":
        faults.fail(503, match=nth_write(number, hits), body='{"Code": "ServiceUnavailable"}')
    else:
        (faults.before if when.endswith("before") else faults.after)(number, cut, is_write)
    for part in line.parts():
        with killing(hits) if when.startswith("killed") else patient():
            line.run(part)
        line.run(part)
        assert line.seen() == undisturbed[part]
    assert len(hits) == 1
    assert alibaba_account.cloud.ledger() == []
    assert alibaba_account.cloud.world.resources == {}


def nth_write(number: int, hits: list[str]) -> Callable[[Request], bool]:
    """Matches the `number`th write from now on, and notes that it came."""
    left = itertools.count(number, -1)

    def match(request: Request) -> bool:
        found = is_write(request) and next(left) == 1
        hits.extend([request.headers["x-acs-action"]] if found else [])
        return found

    return match


@contextmanager
def patient() -> Iterator[None]:
    """The registry's calls are not repeated by an engine: the person runs the command again."""
    with suppress(TemporaryError):
        yield


@contextmanager
def killing(hits: list[str]) -> Iterator[None]:
    """The process dies the moment its request is lost: nothing in it may look again."""
    before = len(hits)

    class Dying(AlibabaDying):
        seen = before

    with Dying(hits):
        yield


class AlibabaDying:
    """Ends the run at the first look after the cut, as a kill would."""

    seen = 0

    def __init__(self, hits: list[str]) -> None:
        self._hits = hits
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> None:
        from clouddeploy_alibaba.sdk import Sdk

        for name in ("ack", "acr", "rpc"):
            self._patch.setattr(Sdk, name, self._dying(getattr(Sdk, name)))

    def _dying(self, call: object) -> object:
        assert callable(call)

        def dying(*arguments: object, **named: object) -> object:
            try:
                return call(*arguments, **named)
            finally:
                if len(self._hits) > self.seen:
                    raise Killed

        return dying

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._patch.undo()
        return kind is Killed
