"""Node pools that GKE refuses, and some that it takes."""

from __future__ import annotations

from typing import Any

import pytest

from moto_fixtures.gcp import PROJECT, REGION, ZONE, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker

OWN = {"workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"}}
GKE_METADATA = {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}


def with_pools(*pools: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    named = [{"name": "p", "initialNodeCount": 1, **one} for one in pools]
    return {"initialNodeCount": 0, "nodePools": named, **cluster}


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (with_pools({"name": "P"}), 'Invalid value for field "node_pool.name"'),
        (with_pools({}, {}), "names must be unique"),
        (with_pools({"initialNodeCount": 1001}), "between 0 and 1000"),
        (with_pools({"config": {"machineType": "e9"}}), 'Machine type with name "e9" does not exist'),
        ({"nodeConfig": {"machineType": "e9"}}, 'Machine type with name "e9" does not exist'),
        (with_pools({"config": {"diskSizeGb": 11}}), "at least 12 GB"),
        ({"nodeConfig": {"diskSizeGb": 11}}, "at least 12 GB"),
        (with_pools({"config": {"diskType": "pd-fast"}}), 'Disk type "pd-fast" does not exist'),
        (
            with_pools({"config": {"machineType": "n4-standard-2", "diskType": "pd-balanced"}}),
            "pd-balanced disk type cannot be used by n4-standard-2 machine type",
        ),
        (
            with_pools({"config": {"machineType": "e2-medium", "diskType": "hyperdisk-balanced"}}),
            "hyperdisk-balanced disk type cannot be used by e2-medium machine type",
        ),
        (with_pools({"config": {"imageType": "WINDOWS_95"}}), 'Image type "WINDOWS_95" is not supported'),
        (with_pools({"config": {"resourceLabels": {"Upper": "x"}}}), "Invalid resource label"),
        (
            with_pools({"management": {"autoUpgrade": False}}, releaseChannel={"channel": "REGULAR"}),
            "Auto_upgrade cannot be false when release_channel REGULAR is set.",
        ),
        (
            with_pools({"autoscaling": {"enabled": True, "minNodeCount": 3, "maxNodeCount": 2}}),
            "min_node_count <= max_node_count",
        ),
        (with_pools({"autoscaling": {"enabled": True}}), "a maximum above 0"),
        (
            with_pools({"autoscaling": {"enabled": True, "maxNodeCount": 2, "totalMaxNodeCount": 2}}),
            "mutually exclusive",
        ),
        (with_pools({"config": GKE_METADATA}), "GKE_METADATA needs Workload Identity"),
        (
            with_pools({}, workloadIdentityConfig={"workloadPool": "other.svc.id.goog"}),
            f'Workload pool "other.svc.id.goog" is not supported, use "{PROJECT}.svc.id.goog"',
        ),
        (
            with_pools({}, workloadIdentityConfig={"workloadPool": "123456789012.svc.id.goog"}),
            'Workload pool "123456789012.svc.id.goog" is not supported',
        ),
        (with_pools({}, nodeConfig={"machineType": "e2-medium"}), 'one of "node_config" and "node_pools"'),
        (with_pools({"config": {"metadata": {"a b": "1"}}}), 'metadata key "a b" is not valid'),
        (with_pools({"config": {"metadata": {"kube-env": "1"}}}), 'metadata key "kube-env" is not valid'),
        (with_pools({"config": {"tags": ["Web"]}}), 'tag "Web" does not comply with RFC1035'),
        (with_pools({"upgradeSettings": {"maxSurge": 15, "maxUnavailable": 6}}), "between 0 and 20 together"),
        (with_pools({"upgradeSettings": {"maxSurge": -1}}), "between 0 and 20 together"),
        (with_pools({}, locations=[f"{REGION}-b"]), f'must contain the cluster\'s zone "{ZONE}"'),
        (with_pools({"locations": ["us-east1-b"]}), "is not a zone in region"),
    ],
)
def test_nodes_that_gke_refuses(ask: Asker, cluster: dict[str, Any], message: str) -> None:
    error = ask.create(400, **cluster)["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert message in error["message"]


@pytest.mark.parametrize(
    "cluster",
    [
        with_pools({"config": {"diskSizeGb": 12, "imageType": "cos_containerd"}}),
        with_pools({"config": {"machineType": "n4-standard-2"}}),
        with_pools({"config": {"machineType": "n4-standard-2", "diskType": "hyperdisk-balanced"}}),
        with_pools({"management": {"autoUpgrade": False}}, releaseChannel={"channel": "UNSPECIFIED"}),
        with_pools({"management": {"autoUpgrade": True}}, releaseChannel={"channel": "REGULAR"}),
        with_pools({"autoscaling": {"enabled": True, "minNodeCount": 0, "maxNodeCount": 2}}),
        with_pools({"autoscaling": {"enabled": True, "totalMinNodeCount": 1, "totalMaxNodeCount": 2}}),
        with_pools({"config": GKE_METADATA}, **OWN),
        with_pools({}, locations=[ZONE, f"{REGION}-b"]),
        with_pools({"config": {"metadata": {"disable-legacy-endpoints": "true"}, "tags": ["web-1"]}}),
        with_pools({"upgradeSettings": {"maxSurge": 20}}),
    ],
)
def test_nodes_that_gke_takes(ask: Asker, gcp_account: GcpAccount, cluster: dict[str, Any]) -> None:
    ask.create(**cluster)
    gcp_account.clock.sleep(0)
    assert ask("GET", f"{PLACES}/{ZONE}/clusters/demo")["status"] == "RUNNING"
