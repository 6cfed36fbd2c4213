"""Load balancers that name no cluster are found on later days, and those of no other cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec
from clouddeploy.emulator.balancers import Entrance
from clouddeploy_gcp.balancers import of_cluster
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.emulator.attached import Attached
from clouddeploy_gcp.emulator.machines import machines_of
from moto_fixtures.gcp import REGION, ZONE, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import provisioner

WEB = Entrance("0a1b2c3d-1", "Ingress", "default", "web")
BACKED = Entrance("8c9d0e1f-1", "Service", "default", "api", {"cloud.google.com/l4-rbs": "enabled"})
ADMIN = Entrance("4e5f6a7b-1", "Ingress", "default", "admin")


def controllers(account: GcpAccount, ask: Asker, name: str = "demo", place: str = ZONE) -> Attached:
    """Those of a new cluster."""
    ask.create(place=place, name=name)
    account.clock.sleep(0)
    record = account.cloud.gke.record(place, name)
    return Attached(account.cloud.compute, record, machines_of(record))


def left(account: GcpAccount, name: str = "demo") -> list[str]:
    return [one.id for one in provisioner(account, ClusterSpec(name)).leftovers(name)]


def test_it_is_found_when_its_cluster_is_gone(gcp_account: GcpAccount, ask: Asker) -> None:
    made = controllers(gcp_account, ask)
    assert made.provide(WEB) == {"ip": "203.0.113.1"}
    ask("DELETE", f"{PLACES}/{ZONE}/clusters/demo")
    gcp_account.clock.sleep(0)
    (name,) = left(gcp_account)
    assert name.startswith("k8s2-fr-")
    assert name.endswith("-default-web-0a1b2c3d")
    assert left(gcp_account, "dem") == left(gcp_account, "demo-2") == []


def test_that_of_a_service_without_a_target_pool_is_found_too(gcp_account: GcpAccount, ask: Asker) -> None:
    made = controllers(gcp_account, ask)
    made.provide(BACKED)
    assert [one[-20:] for one in left(gcp_account)] == ["default-api-8c9d0e1f"]
    made.withdraw(BACKED.uid)
    assert (left(gcp_account), gcp_account.cloud.compute.planted["firewalls"]) == ([], [])


def test_each_cluster_has_its_own(gcp_account: GcpAccount, ask: Asker) -> None:
    mine, other = controllers(gcp_account, ask), controllers(gcp_account, ask, "other")
    mine.provide(WEB)
    other.provide(ADMIN)
    assert [one[-8:] for one in left(gcp_account)] == ["0a1b2c3d"]
    assert [one[-8:] for one in left(gcp_account, "other")] == ["4e5f6a7b"]


def test_a_clusters_firewall_rule_goes_with_its_last_ingress(gcp_account: GcpAccount, ask: Asker) -> None:
    made = controllers(gcp_account, ask)
    made.provide(WEB)
    made.provide(ADMIN)
    planted = gcp_account.cloud.compute.planted
    made.withdraw(WEB.uid)
    assert (len(planted["firewalls"]), len(left(gcp_account))) == (1, 1)
    made.withdraw(ADMIN.uid)
    assert (planted["firewalls"], planted["urlMaps"], left(gcp_account)) == ([], [], [])


def test_it_may_be_that_of_a_namesake_in_another_region(gcp_account: GcpAccount, ask: Asker) -> None:
    """A global load balancer tells a cluster's name, not its region."""
    controllers(gcp_account, ask, place="us-east1-b").provide(WEB)
    assert left(gcp_account) == []


def test_a_regional_one_is_found_beside_a_namesake_in_another_region(
    gcp_account: GcpAccount, ask: Asker
) -> None:
    controllers(gcp_account, ask, place="us-east1-b").provide(WEB)
    plant = gcp_account.cloud.compute.plant
    plant("firewalls", "global", name="k8s2-x1y2z3w4-shop-web-z9", **NODES)
    plant("forwardingRules", REGION, name="k8s2-tcp-x1y2z3w4-shop-web-z9", description=SERVICE)
    assert left(gcp_account) == ["k8s2-tcp-x1y2z3w4-shop-web-z9"]


def test_nothing_is_asked_where_there_is_no_ingress(gcp_account: GcpAccount) -> None:
    gcp_account.cloud.denied.update(("compute.firewalls.list", "compute.urlMaps.list"))
    assert left(gcp_account) == []


INGRESS, SERVICE = "kubernetes.io/ingress-name", "networking.gke.io/service-name"
NODES = {"targetTags": ["gke-demo-8fa330f8-node"]}
BY_PATH = {"pathMatchers": [{"pathRules": [{"service": "u/k8s1-f6eb789c-default-web-80-1"}]}]}


@pytest.mark.parametrize(
    ("name", "kind", "services", "found"),
    [
        ("k8s2-fr-6pr7r9iw-shop-web-z9", INGRESS, "u/k8s-be-3--f6eb789c299931e0", True),
        ("k8s2-fs-6pr7r9iw-shop-web-z9", INGRESS, "u/k8s1-f6eb789c-kube-system-default-80-1", True),
        ("k8s2-fr-6pr7r9iw-shop-web-z9", INGRESS, BY_PATH, True),
        ("k8s2-fr-6pr7r9iw-shop-web-z9", INGRESS, "u/k8s1-aaaaaaaa-kube-system-default-80-1", False),
        ("k8s2-fr-aaaaaaaa-shop-web-z9", INGRESS, "u/k8s-be-3--f6eb789c299931e0", False),
        ("k8s-fw-shop-web--f6eb789c299931e0", INGRESS, "", True),
        ("k8s-fw-shop-web--aaaaaaaaaaaaaaaa", INGRESS, "", False),
        ("k8s2-tcp-x1y2z3w4-shop-web-z9", SERVICE, "", True),
        ("k8s2-tcp-aaaaaaaa-shop-web-z9", SERVICE, "", False),
        ("k8s2-tcp-x1y2z3w4-shop-web-z9", "team", "", False),
    ],
)
def test_names_lead_from_a_rule_to_its_cluster(
    gcp_account: GcpAccount, name: str, kind: str, services: Any, found: bool
) -> None:
    plant = gcp_account.cloud.compute.plant
    more = services if isinstance(services, dict) else {"defaultService": services}
    plant("urlMaps", "global", name="k8s2-um-6pr7r9iw-shop-web-z9", **more)
    plant("firewalls", "global", name="k8s-fw-l7--f6eb789c299931e0", **NODES)
    plant("firewalls", "global", name="k8s2-x1y2z3w4-shop-web-z9", **NODES)
    plant("firewalls", "global", name="k8s2-aaaaaaaa-shop-web-z9", targetTags=["gke-demo-2-8fa330f8-node"])
    plant("firewalls", "global", name="allow-ssh", **NODES)
    rule = {"name": name, "description": json.dumps({kind: "shop/web"})}
    assert list(of_cluster(Compute(gcp_account.session()), [rule], "demo")) == ([rule] if found else [])
