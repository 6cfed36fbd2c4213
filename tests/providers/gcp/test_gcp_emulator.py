"""The emulated project itself: who gets in, what it refuses, how time passes. Asked without our provider."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from clouddeploy_gcp.emulator.cloud import GcpCloud
from moto_fixtures.gcp import REGION, ZONE, GcpAccount
from tests.providers.gcp.asker import PLACES, Asker
from tests.providers.gcp.life import ensure


def assertion(account: GcpAccount, **changes: Any) -> str:
    """A signed assertion as google-auth makes it, changed."""
    import os

    from google.auth import jwt
    from google.oauth2 import service_account

    credentials = service_account.Credentials.from_service_account_file(
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
    )
    now = int(time.time())
    claims = {
        "iss": account.cloud.accounts.email,
        "aud": f"{account.cloud.url}/token",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "iat": now,
        "exp": now + 3600,
        **changes,
    }
    return jwt.encode(credentials.signer, claims).decode()


def exchange(cloud: GcpCloud, signed: str, grant: str = "urn:ietf:params:oauth:grant-type:jwt-bearer") -> Any:
    form = {"grant_type": grant, "assertion": signed}
    return requests.post(f"{cloud.url}/token", data=form, timeout=60).json()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://elsewhere.example"}, "Failed audience check"),
        ({"iss": "someone@example.com"}, "account not found"),
        ({"scope": ""}, "Empty or missing scope"),
        ({"exp": 1000, "iat": 1}, "short-lived token"),
        ({"exp": int(time.time()) + 90000}, "short-lived token"),
    ],
)
def test_an_assertion_must_be_right(gcp_account: GcpAccount, changes: dict[str, Any], error: str) -> None:
    assert exchange(gcp_account.cloud, assertion(gcp_account))["token_type"] == "Bearer"
    assert error in exchange(gcp_account.cloud, assertion(gcp_account, **changes))["error_description"]


def test_an_assertion_must_be_signed_and_whole(gcp_account: GcpAccount) -> None:
    head, body, _ = assertion(gcp_account).split(".")
    for wrong in (f"{head}.{body}.AAAA", f"{head}.{body}", "x.y.z", ""):
        assert exchange(gcp_account.cloud, wrong)["error"] == "invalid_grant"
    unknown = exchange(gcp_account.cloud, assertion(gcp_account), grant="password")
    assert unknown["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("token", ["nonsense", "ya29.unknown", "a.b.c"])
def test_nobody_gets_in_with_a_token_of_their_own(ask: Asker, token: str) -> None:
    error = ask("GET", f"{PLACES}/-/clusters", status=401, token=token)["error"]
    assert (error["status"], error["code"]) == ("UNAUTHENTICATED", 401)


def test_a_self_signed_token_gets_in_but_not_into_the_registry(ask: Asker, gcp_account: GcpAccount) -> None:
    email = gcp_account.cloud.accounts.email
    signed = assertion(gcp_account, sub=email)
    assert ask("GET", f"{PLACES}/-/clusters", token=signed) == {}
    headers = {"Authorization": f"Bearer {signed}"}
    answer = requests.get(f"{gcp_account.cloud.url}/v2/", headers=headers, timeout=60)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith(f'Bearer realm="{gcp_account.cloud.url}/v2/token"')
    assert gcp_account.cloud.accounts.principal(assertion(gcp_account)) is None  # without a subject


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"nmae": "demo"}, "Unknown name \"nmae\" at 'cluster': Cannot find field."),
        ({"name": "Demo"}, 'Invalid value for field "cluster.name"'),
        ({"name": ""}, 'Invalid value for field "cluster.name"'),
        (
            {"initialNodeCount": "many"},
            "Invalid value at 'cluster.initial_node_count' (TYPE_INT32), \"many\"",
        ),
        ({"initialNodeCount": 0}, "initial_node_count must be greater than zero"),
        (
            {"releaseChannel": {"channel": "SLOW"}},
            "Invalid value at 'cluster.release_channel.channel' "
            '(type.googleapis.com/google.container.v1.ReleaseChannel.Channel), "SLOW"',
        ),
        ({"initialClusterVersion": "1.12"}, 'Master version "1.12" is unsupported'),
        ({"initialClusterVersion": "1"}, 'Master version "1" is unsupported'),
        ({"initialClusterVersion": "1.33.5-gke"}, 'Master version "1.33.5-gke" is unsupported'),
        (
            {"initialClusterVersion": "1.35", "releaseChannel": {"channel": "EXTENDED"}},
            'Master version "1.35" is unsupported in the EXTENDED channel',
        ),
        ({"resourceLabels": {"Upper": "x"}}, "Invalid resource label"),
        ({"locations": ["us-east1-b"]}, "is not a zone in region"),
        ({"network": "mine"}, 'network named "mine"'),
        ({"subnetwork": "mine"}, 'Subnetwork "mine" is not valid'),
        ({"nodeConfig": {"serviceAccount": "no@acme-shop.iam"}}, 'account "no@acme-shop.iam" does not exist'),
        ({"autopilot": {"enabled": True}}, "must be regional"),
        ({"releaseChannel": {"channel": 99}}, "Release channel 99 is not supported."),
        (
            {"ipAllocationPolicy": {"useIpAliases": True, "useRoutes": True}},
            "use_ip_aliases and use_routes cannot both be true",
        ),
        (
            {"clusterIpv4Cidr": "10.0.0.0/14", "ipAllocationPolicy": {"clusterIpv4CidrBlock": "/14"}},
            "cluster_ipv4_cidr must be blank",
        ),
        ({"nodePools": [{"name": "p", "initialNodeCount": 1}]}, "Only one of"),
        (
            {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}},
            'Pod secondary range "pods" not found in network',
        ),
        (
            {"ipAllocationPolicy": {"servicesSecondaryRangeName": "services"}},
            'Service secondary range "services" not found in network',
        ),
        (
            {
                "ipAllocationPolicy": {
                    "clusterSecondaryRangeName": "all",
                    "servicesSecondaryRangeName": "all",
                }
            },
            "Pod secondary range name (all) should not be the same as service secondary range name",
        ),
    ],
)
def test_what_gke_refuses(ask: Asker, cluster: dict[str, Any], message: str) -> None:
    error = ask.create(400, **cluster)["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert message in error["message"]


def test_an_autopilot_cluster_is_in_a_channel(ask: Asker) -> None:
    wanted = {"autopilot": {"enabled": True}, "initialNodeCount": 0}
    error = ask.create(400, place=REGION, releaseChannel={"channel": "UNSPECIFIED"}, **wanted)["error"]
    assert "must be enrolled in a release channel" in error["message"]
    ask.create(place=REGION, **wanted)


def test_enums_are_taken_as_names_and_as_numbers_and_given_as_asked(ask: Asker) -> None:
    ask.create(releaseChannel={"channel": 2})
    path = f"{PLACES}/{ZONE}/clusters/demo"
    assert ask("GET", path)["releaseChannel"] == {"channel": "REGULAR"}
    assert ask("GET", f"{path}?$alt=json;enum-encoding=int")["releaseChannel"] == {"channel": 2}


def test_a_cluster_takes_its_time(ask: Asker, gcp_account: GcpAccount) -> None:
    cloud, path = gcp_account.cloud, f"{PLACES}/{ZONE}/clusters/demo"
    operation = ask.create()
    assert (operation["status"], operation["operationType"]) == ("PENDING", "CREATE_CLUSTER")
    cloud.gke.join()
    cloud.clock.advance(200)
    where = f"{PLACES}/{ZONE}/operations/{operation['name']}"
    assert ask("GET", where)["status"] == "RUNNING"
    assert (ask("GET", path)["status"], "endpoint" in ask("GET", path)) == ("PROVISIONING", False)
    cloud.clock.advance(101)
    assert ask("GET", where)["status"] == "DONE"
    assert (ask("GET", path)["status"], ask("GET", path)["endpoint"]) == ("RUNNING", "127.0.0.1:6443")
    ask("DELETE", path)
    assert ask("GET", path)["status"] == "STOPPING"
    assert "incompatible operation" in ask("DELETE", path, status=400)["error"]["message"]
    cloud.clock.advance(181)
    assert "Not found" in ask("GET", path, status=404)["error"]["message"]
    assert gcp_account.kubernetes[0].closed


def test_names_are_taken_once_in_each_place(ask: Asker) -> None:
    ask.create()
    error = ask.create(409)["error"]
    assert (error["status"], "Already exists" in error["message"]) == ("ALREADY_EXISTS", True)
    ask.create(place=f"{REGION}-b")


def test_a_quota_is_said_as_a_missing_permission(ask: Asker) -> None:
    error = ask.create(403, initialNodeCount=9)["error"]
    assert error["status"] == "PERMISSION_DENIED"
    assert "resource \"IN_USE_ADDRESSES\": request requires '9.0' and is short '1.0'" in error["message"]


def test_a_blob_comes_in_one_piece(ask: Asker, gcp_account: GcpAccount) -> None:
    address = ensure(gcp_account).address
    host, _, name = address.partition("/")
    headers = {"Authorization": f"Bearer {ask.token}"}
    begun = requests.post(f"http://{host}/v2/{name}/blobs/uploads/", headers=headers, timeout=10)
    where = requests.compat.urljoin(f"http://{host}", begun.headers["Location"])
    headers["Content-Range"] = "0-4"
    refused = requests.patch(where, data=b"hello", headers=headers, timeout=10)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "UNSUPPORTED")
    del headers["Content-Range"]
    assert requests.patch(where, data=b"hello", headers=headers, timeout=10).status_code == 202


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("repositoryId=Shop", {"format": "DOCKER"}, 400),
        ("repositoryId=shop", {}, 400),
        ("repositoryId=shop", {"format": "DOCKER", "colour": "red"}, 400),
        ("", {"format": "DOCKER"}, 400),
    ],
)
def test_what_artifact_registry_refuses(ask: Asker, query: str, body: dict[str, Any], status: int) -> None:
    ask("POST", f"{PLACES}/{REGION}/repositories?{query}", body, status)


def test_what_it_does_not_have_it_does_not_pretend(ask: Asker) -> None:
    assert ask("GET", "/v1/projects/acme-shop/unheard/of", status=404)["error"]["code"] == 404
    assert ask("GET", "/compute/v1/projects/acme-shop/aggregated/vpnTunnels", status=404)
    headers = {"Authorization": f"Bearer {ask.token}"}
    for body in ("{", "[]"):
        answer = requests.post(
            f"{ask.cloud.url}{PLACES}/{ZONE}/clusters", data=body, headers=headers, timeout=60
        )
        assert json.loads(answer.text)["error"]["status"] == "INVALID_ARGUMENT"


def test_the_ledger_has_what_is_billed(ask: Asker, gcp_account: GcpAccount) -> None:
    ask.create(resourceLabels={"team": "a"})
    assert [(kind, labels) for kind, _, labels in gcp_account.cloud.ledger()] == [
        ("cluster", {"team": "a"}),
        ("node", {"team": "a"}),
    ]
    gcp_account.cloud.reset()
    assert gcp_account.cloud.ledger() == []
