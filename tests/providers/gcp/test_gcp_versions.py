"""Kubernetes versions: what aliases mean, and how far control plane and nodes may be apart."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy.clusters import up
from clouddeploy.contract import ClusterSpec
from moto_fixtures.gcp import ZONE, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import make, provisioner

CLUSTER = f"{PLACES}/{ZONE}/clusters/demo"
POOL = f"{CLUSTER}/nodePools/default-pool"
V31, V32, V33 = "1.31.13-gke.1095000", "1.32.9-gke.1207000", "1.33.5-gke.1308000"
V34, V35 = "1.34.1-gke.2541000", "1.35.0-gke.1403000"


def running(account: GcpAccount, master: str, *nodes: str) -> Any:
    """A cluster of ours at these versions; its message."""
    make(account, ClusterSpec("demo", nodes=1))
    return at(account, master, *nodes)


def at(account: GcpAccount, master: str, *nodes: str) -> Any:
    message = account.cloud.gke.record(ZONE, "demo").message
    message.current_master_version = master
    for pool, version in zip(message.node_pools, nodes, strict=True):
        pool.version = version
    return message


@pytest.fixture
def cluster(ask: Asker, gcp_account: GcpAccount) -> Asker:
    """One with no channel and with a pool that is not upgraded for us, asked without our provider."""
    pool = {"name": "default-pool", "initialNodeCount": 1}
    ask.create(initialNodeCount=0, nodePools=[pool], releaseChannel={"channel": "UNSPECIFIED"})
    gcp_account.clock.sleep(0)
    return ask


@pytest.mark.parametrize(
    ("versions", "wanted", "steps"),
    [
        ((V33, V33), None, [f"control plane of demo at {V34}", f"nodes of clouddeploy at {V34}"]),
        ((V33, V32), None, [f"control plane of demo at {V33}", f"nodes of clouddeploy at {V33}"]),
        ((V33, V31), None, [f"control plane of demo at {V33}", f"nodes of clouddeploy at {V33}"]),
        ((V33, V32), "1.34", [f"control plane of demo at {V34}", f"nodes of clouddeploy at {V34}"]),
        (
            (V33, V31),
            "1.34",
            [
                f"nodes of clouddeploy at {V33}",
                f"control plane of demo at {V34}",
                f"nodes of clouddeploy at {V34}",
            ],
        ),
        ((V34, V31), "1.34", [f"control plane of demo at {V34}", f"nodes of clouddeploy at {V34}"]),
    ],
)
def test_nodes_are_never_left_too_far_behind(
    gcp_account: GcpAccount, versions: tuple[str, str], wanted: str | None, steps: list[str]
) -> None:
    message = running(gcp_account, *versions)
    planned = provisioner(gcp_account, ClusterSpec("demo")).upgrade("demo", wanted)
    assert [one.title for one in planned] == steps
    up(planned, clock=gcp_account.clock)
    arrived = steps[-1].rpartition(" ")[2]
    assert (message.current_master_version, message.node_pools[0].version) == (arrived, arrived)


@pytest.mark.parametrize(
    ("versions", "wanted", "message"),
    [
        ((V33, V33), V35, "only one minor version at a time"),
        ((V33, V33), V32, "is older than the current"),
        ((V33, V33), "1.33", f'Master is at version "{V33}" already'),
        ((V33, V31), V34, "more than 2 minor versions behind"),
        ((V33, V33), "1.99", 'Master version "1.99" is unsupported'),
        ((V33, V33), "1", 'Master version "1" is unsupported'),
    ],
)
def test_what_a_control_plane_does_not_go_to(
    cluster: Asker, gcp_account: GcpAccount, versions: tuple[str, str], wanted: str, message: str
) -> None:
    at(gcp_account, *versions)
    assert message in cluster.refused("PUT", CLUSTER, {"update": {"desiredMasterVersion": wanted}})


@pytest.mark.parametrize(
    ("versions", "wanted", "message"),
    [
        ((V33, V33), V34, "must not have a greater minor version than master version"),
        ((V33, V33), "latest", "must not have a greater minor version than master version"),
        (("1.33.4-gke.1350000", V32), V33, "must not be newer than master version"),
        ((V35, V34), V31, "more than 2 minor versions behind"),
        ((V33, V33), "1.12", "is unsupported"),
        ((V33, V33), "1.99.1-gke.1", "is unsupported"),
    ],
)
def test_what_nodes_do_not_go_to(
    cluster: Asker, gcp_account: GcpAccount, versions: tuple[str, str], wanted: str, message: str
) -> None:
    at(gcp_account, *versions)
    assert message in cluster.refused("PUT", POOL, {"nodeVersion": wanted})
    assert message in cluster.refused("PUT", CLUSTER, {"update": {"desiredNodeVersion": wanted}})


def test_nodes_that_google_upgrades_stay_nearer(cluster: Asker, gcp_account: GcpAccount) -> None:
    at(gcp_account, V34, V33).node_pools[0].management.auto_upgrade = True
    text = f'node version "{V32}" must be within one minor version of master version "{V34}".'
    assert cluster.refused("PUT", POOL, {"nodeVersion": V32}) == f"Auto-upgrade is enabled, {text}"


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("1.34", "1.34.2-gke.1100000"), ("1.34.1", V34), ("-", V35), ("latest", V35), (V33, V33)],
)
@pytest.mark.parametrize("by_pool", [True, False])
def test_aliases_are_taken_for_nodes(
    cluster: Asker, gcp_account: GcpAccount, wanted: str, version: str, by_pool: bool
) -> None:
    message = at(gcp_account, V35, V33)
    if by_pool:
        cluster("PUT", POOL, {"nodeVersion": wanted})
    else:
        cluster(
            "PUT", CLUSTER, {"update": {"desiredNodeVersion": wanted, "desiredNodePoolId": "default-pool"}}
        )
    gcp_account.cloud.clock.advance(1000)
    assert cluster("GET", POOL)["version"] == version
    assert message.current_master_version == V35


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({}, "At least one"),
        ({"desiredMasterVersion": V34, "desiredNodeVersion": V33}, "Exactly one"),
    ],
)
def test_an_update_changes_one_thing(cluster: Asker, update: dict[str, str], message: str) -> None:
    assert message in cluster.refused("PUT", CLUSTER, {"update": update})


def test_of_several_pools_one_is_named(ask: Asker, gcp_account: GcpAccount) -> None:
    pools = [{"name": name, "initialNodeCount": 1} for name in ("a", "b")]
    ask.create(initialNodeCount=0, nodePools=pools)
    gcp_account.clock.sleep(0)
    assert "must be specified" in ask.refused("PUT", CLUSTER, {"update": {"desiredNodeVersion": "-"}})


@pytest.mark.parametrize(
    ("cluster", "channel", "version"),
    [
        ({}, "REGULAR", V33),
        ({"initialClusterVersion": "-"}, "REGULAR", V33),
        ({"initialClusterVersion": "1.32"}, "STABLE", V32),
        ({"initialClusterVersion": V34}, "REGULAR", V34),
        ({"initialClusterVersion": "1.35"}, "RAPID", V35),
        ({"releaseChannel": {"channel": "EXTENDED"}, "initialClusterVersion": "1.31"}, "EXTENDED", V31),
        ({"releaseChannel": {"channel": "UNSPECIFIED"}, "initialClusterVersion": "1.35"}, None, V35),
    ],
)
def test_a_cluster_is_enrolled_in_the_most_mature_channel(
    ask: Asker, cluster: dict[str, Any], channel: str | None, version: str
) -> None:
    ask.create(**cluster)
    found = ask("GET", CLUSTER)
    assert found["releaseChannel"].get("channel") == channel
    assert found["currentMasterVersion"] == version
