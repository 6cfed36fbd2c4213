"""What can be done to the node pools and the labels of a cluster that is there, and what GKE refuses."""

from __future__ import annotations

from typing import Any

import pytest

from clouddeploy_gcp.emulator.records import Failure
from moto_fixtures.gcp import REGION, ZONE, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker

CLUSTER = f"{PLACES}/{ZONE}/clusters/demo"
POOLS = f"{CLUSTER}/nodePools"
POOL = f"{POOLS}/default-pool"


@pytest.fixture
def cluster(ask: Asker, gcp_account: GcpAccount) -> Asker:
    ask.create(resourceLabels={"team": "a"})
    gcp_account.clock.sleep(0)
    return ask


def nodes(account: GcpAccount) -> int:
    return [kind for kind, _, _ in account.cloud.ledger()].count("node")


def test_a_pool_comes_and_goes(cluster: Asker, gcp_account: GcpAccount) -> None:
    operation = cluster("POST", POOLS, {"nodePool": {"name": "more", "initialNodeCount": 2}})
    assert operation["operationType"] == "CREATE_NODE_POOL"
    assert cluster("GET", f"{POOLS}/more")["status"] == "PROVISIONING"
    gcp_account.clock.sleep(0)
    made = cluster("GET", f"{POOLS}/more")
    assert (made["status"], made["version"], made["locations"]) == ("RUNNING", "1.33.5-gke.1308000", [ZONE])
    assert nodes(gcp_account) == 3
    assert cluster("DELETE", f"{POOLS}/more")["operationType"] == "DELETE_NODE_POOL"
    gcp_account.clock.sleep(0)
    assert [one["name"] for one in cluster("GET", POOLS)["nodePools"]] == ["default-pool"]
    assert nodes(gcp_account) == 1
    assert "Not found" in cluster.refused("DELETE", f"{POOLS}/more", status=404)


@pytest.mark.parametrize(
    ("pool", "status", "message"),
    [
        ({"name": "default-pool"}, 409, "Already exists"),
        ({"name": "More"}, 400, "node_pool.name"),
        ({"name": "more", "config": {"machineType": "e9"}}, 400, 'Machine type with name "e9"'),
        ({"name": "more", "locations": ["us-east1-b"]}, 400, "is not a zone in region"),
        ({"name": "more", "config": {"serviceAccount": "no@x.iam"}}, 400, 'account "no@x.iam" does not'),
        ({"name": "more", "version": "1.34"}, 400, "must not have a greater minor version"),
        ({"name": "more", "management": {"autoUpgrade": False}}, 400, "Auto_upgrade cannot be false"),
        ({"name": "more", "initialNodeCount": 9}, 403, "Insufficient regional quota"),
    ],
)
def test_a_pool_that_cannot_be_made(cluster: Asker, pool: dict[str, Any], status: int, message: str) -> None:
    assert message in cluster.refused("POST", POOLS, {"nodePool": pool}, status)


def test_an_autopilot_cluster_takes_no_pools(ask: Asker, gcp_account: GcpAccount) -> None:
    ask.create(place=REGION, initialNodeCount=0, autopilot={"enabled": True})
    gcp_account.clock.sleep(0)
    path = f"{PLACES}/{REGION}/clusters/demo/nodePools"
    assert "Autopilot" in ask.refused("POST", path, {"nodePool": {"name": "more"}})


@pytest.mark.parametrize("count", [-3, 1001])
def test_a_size_that_cannot_be(cluster: Asker, gcp_account: GcpAccount, count: int) -> None:
    assert "between 0 and 1000" in cluster.refused("POST", f"{POOL}:setSize", {"nodeCount": count})
    assert nodes(gcp_account) == 1


def test_a_cluster_that_has_failed_is_not_healed_by_a_change(ask: Asker, gcp_account: GcpAccount) -> None:
    gcp_account.cloud.gke.failures.append(Failure("out of e2"))
    ask.create()
    gcp_account.clock.sleep(0)
    fingerprint = ask("GET", CLUSTER)["labelFingerprint"]
    for method, path, body in (
        ("POST", f"{POOL}:setSize", {"nodeCount": 2}),
        ("PUT", POOL, {"nodeVersion": "-"}),
        ("PUT", CLUSTER, {"update": {"desiredMasterVersion": "1.34"}}),
        ("POST", POOLS, {"nodePool": {"name": "more"}}),
        ("DELETE", POOL, None),
        ("POST", f"{CLUSTER}:setResourceLabels", {"labelFingerprint": fingerprint}),
    ):
        assert "in the state ERROR" in ask.refused(method, path, body)
    assert ask("GET", CLUSTER)["status"] == "ERROR"
    ask("DELETE", CLUSTER)


def test_labels_change_with_the_fingerprint_of_those_that_there_are(
    cluster: Asker, gcp_account: GcpAccount
) -> None:
    old = cluster("GET", CLUSTER)["labelFingerprint"]
    assert cluster("GET", f"{PLACES}/-/clusters")["clusters"][0]["labelFingerprint"] == old
    labels, change = {"team": "b"}, f"{CLUSTER}:setResourceLabels"
    for wrong in ("", "a9dc16a7"):
        said = cluster.refused("POST", change, {"resourceLabels": labels, "labelFingerprint": wrong})
        assert said.endswith(f'incorrect fingerprint supplied was "{wrong}", the expected one is "{old}".')
    bad = {"resourceLabels": {"Bad:Key": "x"}, "labelFingerprint": old}
    assert "Invalid resource label" in cluster.refused("POST", change, bad)
    cluster("POST", change, {"resourceLabels": labels, "labelFingerprint": old})
    found = cluster("GET", CLUSTER)
    assert (found["resourceLabels"], found["labelFingerprint"] == old) == (labels, False)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (POOL, {}, 400, "At least one of the update fields must be set."),
        (POOL, {"nodeVersion": "-", "imageType": "WINDOWS_95"}, 400, 'Image type "WINDOWS_95"'),
        (POOL, {"nodeVersion": "-", "imageType": "UBUNTU_CONTAINERD"}, 501, "image type is not emulated"),
        (POOL, {"imageType": "COS_CONTAINERD"}, 501, "image type is not emulated"),
        (POOL, {"nodeVersion": "-", "tags": {"tags": ["a"]}}, 501, "UpdateNodePoolRequest.tags is not emu"),
        (CLUSTER, {}, 400, "At least one of the update fields must be set."),
        (
            CLUSTER,
            {"update": {"desiredLocations": [ZONE]}},
            501,
            "ClusterUpdate.desired_locations is not emu",
        ),
    ],
)
def test_a_change_that_is_not_emulated_is_not_passed_over(
    cluster: Asker, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    assert message in cluster.refused("PUT", path, body, status)
