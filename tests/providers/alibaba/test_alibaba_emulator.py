"""The emulated cloud refuses what the cloud refuses, seen through Alibaba's own SDK."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from alibabacloud_cs20151215 import models
from alibabacloud_cs20151215.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

from clouddeploy.contract import ClusterSpec
from clouddeploy.errors import CloudDeployError
from clouddeploy_alibaba.emulator.ack_rules import ADDON_VERSION
from clouddeploy_alibaba.emulator.answers import Received, ServiceError
from clouddeploy_alibaba.emulator.signature import Signatures, canonical_request, sign
from clouddeploy_alibaba.sdk import Sdk
from moto_fixtures.alibaba import EXISTING, REGION, AlibabaAccount

KEY, SECRET = "LTAItest", "test-secret"
NAMES = [
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
]


def signed(secret: str = SECRET, **changes: str) -> Received:
    """A signed request; `changes` replace headers after it was signed."""
    headers = {
        "host": "127.0.0.1:1",
        "x-acs-action": "ListInstance",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": "n-1",
        "x-acs-version": "2018-12-01",
    }
    before = {name.replace("_", "-"): value for name, value in changes.items() if name == "x_acs_date"}
    headers |= before
    request = Received("POST", "/", "PageNo=1&Name=a%20b", headers, b"")
    signature = sign(secret, canonical_request(request, NAMES))
    authorization = f"ACS3-HMAC-SHA256 Credential={KEY},SignedHeaders={';'.join(NAMES)},Signature={signature}"
    after = {name.replace("_", "-"): value for name, value in changes.items()}
    return Received("POST", "/", request.query, {**headers, "authorization": authorization, **after}, b"")


def test_a_right_signature_is_taken_once() -> None:
    signatures = Signatures({KEY: SECRET})
    assert signatures.check(signed()) == KEY
    with pytest.raises(ServiceError) as caught:
        signatures.check(signed())
    assert caught.value.code == "SignatureNonceUsed"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (signed("wrong"), "SignatureDoesNotMatch"),
        (signed(x_acs_action="DeleteInstance"), "SignatureDoesNotMatch"),
        (signed(authorization=""), "MissingAccessKeyId"),
        (signed(x_acs_security_token="t"), "InvalidSecurityToken.Malformed"),
        (
            signed(x_acs_date=f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"),
            "InvalidTimeStamp.Expired",
        ),
        (signed(x_acs_date="yesterday"), "InvalidTimeStamp.Format"),
    ],
)
def test_any_other_is_refused(request_: Received, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        Signatures({KEY: SECRET}).check(request_)
    assert caught.value.code == code


def test_a_body_that_was_changed_is_refused() -> None:
    request = signed()
    with pytest.raises(ServiceError) as caught:
        Signatures({KEY: SECRET}).check(Received("POST", "/", request.query, request.headers, b"more"))
    assert caught.value.code == "SignatureDoesNotMatch"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        Signatures({}).check(signed())
    assert caught.value.code == "InvalidAccessKeyId.NotFound"


def client(account: AlibabaAccount) -> Client:
    environment = account.cloud.environment
    return Client(
        Config(
            access_key_id=environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            access_key_secret=environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            region_id=REGION,
            endpoint=account.cloud.host,
            protocol="http",
        )
    )


def test_errors_have_the_services_form(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(ClientException) as caught:
        client(alibaba_account).describe_cluster_detail("c0")
    assert (caught.value.code, caught.value.status_code) == ("ErrorClusterNotFound", 404)
    assert caught.value.data["requestId"]

    with urllib3.PoolManager() as pool:
        answer = pool.request(
            "POST", f"http://{alibaba_account.cloud.host}/", headers={"x-acs-version": "2016-04-28"}
        )
    assert answer.status == 400
    assert set(answer.json()) == {"Code", "Message", "RequestId", "HostId", "Recommend"}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda sdk: sdk.ack("do it", "describe_clusters_v1", body={"page_size": "x"}), "ErrorCheckParams"),
        (lambda sdk: sdk.acr("do it", "list_instance", PageSize="x"), "InvalidParameter"),
        (lambda sdk: sdk.rpc("do it", "VPC", "DescribeVpcs", PageSize="x"), "InvalidParameter"),
    ],
)
def test_what_cannot_be_read_is_refused(
    ask: Callable[[Sdk], object], code: str, alibaba_account: AlibabaAccount
) -> None:
    with pytest.raises(CloudDeployError) as caught:
        ask(Sdk(REGION, None))
    assert caught.value.code == code
    assert alibaba_account.cloud.ledger() == []


@pytest.mark.parametrize("size", ["many", "2", [], {"a": 1}, True, 1.5])
def test_a_number_of_nodes_that_is_none_is_refused(size: object, alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    (cluster,) = alibaba_account.cloud.ack.clusters()
    (vswitch,) = alibaba_account.cloud.world.of("vswitch")
    group = {
        "vswitch_ids": [vswitch.id],
        "instance_types": ["ecs.c9i.xlarge"],
        "instance_charge_type": "PostPaid",
        "desired_size": size,
    }
    body = {"nodepool_info": {"name": "pool"}, "scaling_group": group}
    with pytest.raises(CloudDeployError) as caught:
        Sdk(REGION, None).ack("do it", "create_cluster_node_pool", cluster.id, body=body)
    assert caught.value.code == "ErrorCheckParams"


BODY: dict[str, Any] = {
    "name": "demo",
    "region_id": REGION,
    "cluster_type": "ManagedKubernetes",
    "container_cidr": "172.20.0.0/16",
    "service_cidr": "172.21.0.0/20",
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "-demo"}, "ErrorCheckParams"),
        ({"region_id": "mars-1"}, "InvalidRegionId"),
        ({"cluster_type": "Kubernetes"}, "InvalidClusterType"),
        ({"cluster_spec": "ack.huge"}, "InvalidClusterSpec"),
        ({"kubernetes_version": "1.2"}, "InvalidKubernetesVersion"),
        ({"vpcid": "vpc-none"}, "InvalidVpcId.NotFound"),
        ({"zone_ids": ["a"]}, "ErrorCheckParams"),
        ({"service_cidr": "172.20.0.0/20"}, "ErrorCheckParams"),
        ({"service_cidr": "8.8.8.0/24"}, "ErrorCheckParams"),
        ({"service_cidr": "172.21.0.0/15"}, "ErrorCheckParams"),
        ({"service_cidr": "172.21.0.0/25"}, "ErrorCheckParams"),
        ({"service_cidr": "192.168.64.0/20"}, "ErrorCheckParams"),
        ({"service_cidr": "somewhere"}, "InvalidCIDR"),
        ({"container_cidr": None}, "EmptyCIDR"),
        ({"container_cidr": "172.20.0.0/33"}, "InvalidCIDR"),
        ({"pod_vswitch_ids": ["vsw-none"]}, "InvalidPodVswitchIds"),
        ({"profile": "Cheap"}, "ErrorCheckParams"),
        ({"cluster_spec": "ack.pro.4xlarge"}, "InvalidClusterSpec"),
        ({"cluster_domain": "-cluster.local"}, "ErrorCheckParams"),
        ({"security_group_id": "sg-1", "is_enterprise_security_group": True}, "ErrorCheckParams"),
        ({"key_pair": "mine", "login_password": "Abcdefg1"}, "ErrorCheckParams"),
        ({"nodepools": [{"nodepool_info": {"name": "pool"}}]}, "ErrorCheckParams"),
        ({"container_cidr": "127.0.0.0/16"}, "ErrorCheckParams"),
        ({"container_cidr": "169.254.0.0/16"}, "ErrorCheckParams"),
        ({"container_cidr": "198.18.0.0/16"}, "ErrorCheckParams"),
        ({"container_cidr": "172.20.0.0/27"}, "ErrorCheckParams"),
        ({"node_cidr_mask": "23"}, "ErrorCheckParams"),
        ({"node_cidr_mask": "29"}, "ErrorCheckParams"),
        ({"node_cidr_mask": "few"}, "ErrorCheckParams"),
        ({"proxy_mode": "userspace"}, "ErrorCheckParams"),
        ({"proxy_mode": "nftables", "kubernetes_version": "1.34.3-aliyun.1"}, "ErrorCheckParams"),
        ({"vswitch_ids": []}, "ErrorCheckParams"),
        ({"addons": [{"name": "terway-eniip"}]}, "ErrorCheckParams"),
        ({"tags": [{"key": "see", "value": "https://example.com"}]}, "InvalidTagValue.Malformed"),
        ({"tags": [{"key": "long", "value": "x" * 300}]}, "InvalidTagValue.Malformed"),
        ({"tags": [{"key": "x" * 65, "value": ""}]}, "InvalidTag"),
        ({"tags": [{"key": f"k{number}", "value": ""} for number in range(21)]}, "InvalidTag"),
        ({"addons": [{"name": "no-such"}]}, "AddonNotFound"),
        ({"tags": [{"key": "acs:mine", "value": ""}]}, "InvalidTagKey.Malformed"),
    ],
)
def test_a_wrong_cluster_is_refused(
    change: dict[str, Any], code: str, alibaba_account: AlibabaAccount
) -> None:
    sdk = Sdk(REGION, None)
    vpc = sdk.rpc("make", "VPC", "CreateVpc", CidrBlock="192.168.0.0/16")["VpcId"]
    alibaba_account.cloud.clock.advance(60)
    vswitch = sdk.rpc(
        "make", "VPC", "CreateVSwitch", VpcId=vpc, ZoneId=f"{REGION}a", CidrBlock="192.168.0.0/18"
    )["VSwitchId"]
    request = models.CreateClusterRequest().from_map(
        {**BODY, "vpcid": vpc, "vswitch_ids": [vswitch], **change}
    )
    with pytest.raises(ClientException) as caught:
        client(alibaba_account).create_cluster(request)
    assert caught.value.code == code
    assert alibaba_account.cloud.ledger() == []


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("AliyunCSDefaultRole", "EntityNotExist.Role"),
        ("AliyunCSManagedKubernetesRole", "ErrManagedKuberneteRoleNotAttach"),
        ("AliyunCSManagedCsiPluginRole", "ErrManagedAddonRoleNotAttach"),
        ("AliyunCSManagedCsiProvisionerRole", "ErrManagedAddonRoleNotAttach"),
    ],
)
def test_ack_makes_no_cluster_without_its_service_roles(
    role: str, code: str, alibaba_account: AlibabaAccount
) -> None:
    alibaba_account.cloud.ack.missing_roles = {role}
    with pytest.raises(ClientException) as caught:
        client(alibaba_account).create_cluster(models.CreateClusterRequest().from_map(BODY))
    assert caught.value.code == code


def test_the_credential_helper_needs_a_role_of_its_own(alibaba_account: AlibabaAccount) -> None:
    alibaba_account.plant(EXISTING)
    alibaba_account.cloud.ack.missing_roles = {"AliyunCSManagedAcrRole"}
    (cluster,) = alibaba_account.cloud.ack.clusters()
    wanted = {"name": "managed-aliyun-acr-credential-helper", "version": ADDON_VERSION}
    request = models.InstallClusterAddonsRequest().from_map({"body": [wanted]})
    with pytest.raises(ClientException) as caught:
        client(alibaba_account).install_cluster_addons(cluster.id, request)
    assert caught.value.code == "ErrAcrHelperRoleNotAttach"


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("CreateVpc", {"RegionId": "mars-1"}, "InvalidRegionId.NotFound"),
        (
            "CreateVSwitch",
            {"VpcId": "vpc-none", "ZoneId": f"{REGION}a", "CidrBlock": "10.0.0.0/24"},
            "InvalidVpcId.NotFound",
        ),
        ("DeleteVSwitch", {"VSwitchId": "vsw-none"}, "InvalidVSwitchId.NotFound"),
        ("DescribeMoon", {}, "InvalidAction.NotFound"),
    ],
)
def test_a_wrong_network_is_refused(
    action: str, parameters: dict[str, str], code: str, alibaba_account: AlibabaAccount
) -> None:
    with pytest.raises(CloudDeployError) as caught:
        Sdk(REGION, None).rpc("do it", "VPC", action, **parameters)
    assert caught.value.code == code


def test_nodes_pull_only_with_the_add_on(alibaba_account: AlibabaAccount) -> None:
    cloud = alibaba_account.cloud
    from clouddeploy import clusters

    provider = alibaba_account.provider()
    assert provider.provisioner
    steps = provider.provisioner.steps(ClusterSpec("demo"))
    clusters.up(steps[:4], clock=alibaba_account.clock)
    (cluster,) = cloud.ack.clusters()
    pulls = getattr(cluster.api, "pull_problem")  # noqa: B009 - the stub's own
    assert "unauthorized" in str(pulls(f"{cloud.host}/shop/web:v1"))
    assert pulls("docker.io/library/busybox") is None
    clusters.up(steps[4:], clock=alibaba_account.clock)
    assert "not found" in str(pulls(f"{cloud.host}/shop/web:v1"))


def test_the_users_own_configuration_is_kept_out(alibaba_account: AlibabaAccount) -> None:
    environment = alibaba_account.cloud.environment
    assert environment["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] == "true"
    assert environment["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] == "true"
    assert {environment[f"ALIBABA_CLOUD_{name}"] for name in ("SECURITY_TOKEN", "ROLE_ARN")} == {""}
    hosts = {value for name, value in environment.items() if name.endswith("_ENDPOINT")}
    assert hosts == {alibaba_account.cloud.host}
