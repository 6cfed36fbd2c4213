"""The SDK's defects, each put right in one module; these tests say when one of them is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clouddeploy.errors import ConfigError, CredentialsError, NotFoundError
from clouddeploy_alibaba.sdk import Sdk, endpoint_of
from moto_fixtures.alibaba import REGION, AlibabaAccount


def test_the_models_alone_would_send_lists_that_nobody_gave() -> None:
    from alibabacloud_cs20151215.models import ModifyClusterNodePoolRequest

    sent = ModifyClusterNodePoolRequest().from_map({"scaling_group": {"desired_size": 3}}).to_map()
    assert sent["scaling_group"]["tags"] == []


def test_only_what_was_asked_is_sent(alibaba_account: AlibabaAccount) -> None:
    sdk = Sdk(REGION, None)
    with pytest.raises(NotFoundError):
        sdk.ack("scale", "modify_cluster_node_pool", "c1", "np1", body={"scaling_group": {"desired_size": 3}})
    (request,) = alibaba_account.cloud.faults.record
    assert (request.method, request.path) == ("PUT", "/clusters/c1/nodepools/np1")
    assert json.loads(request.body) == {"scaling_group": {"desired_size": 3}}


def test_a_failure_with_http_200_is_raised(alibaba_account: AlibabaAccount) -> None:
    with pytest.raises(NotFoundError) as caught:
        Sdk(REGION, None).acr("look", "get_namespace", InstanceId="cri-rehearsal0000000", NamespaceName="no")
    assert caught.value.code == "NAMESPACE_NOT_EXIST"


def test_credentials_are_those_of_the_moment(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Sdk(REGION, None).credential()[0].startswith("LTAI")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIother")
    assert Sdk(REGION, None).credential()[0] == "LTAIother"
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError, match="there are no Alibaba Cloud credentials") as caught:
        Sdk(REGION, None).credential()
    assert "aliyun configure" in str(caught.value.fix)


@pytest.mark.parametrize("profile", [None, "work"])
def test_credentials_come_from_the_command_lines_file(
    profile: str | None, tmp_path: Path, alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "CLI_PROFILE_DISABLED"):
        monkeypatch.delenv(f"ALIBABA_CLOUD_{name}")
    profiles = [
        {"name": name, "mode": "AK", "access_key_id": f"LTAI-{name}", "access_key_secret": "s"}
        for name in ("default", "work")
    ]
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(
        json.dumps({"current": "default", "profiles": profiles})
    )
    assert Sdk(REGION, profile).credential()[0] == f"LTAI-{profile or 'default'}"


def test_a_temporary_key_is_signed_with_its_token(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    signatures = alibaba_account.cloud.signatures
    signatures.secrets["STS.temporary"] = "temporary-secret"
    signatures.tokens["STS.temporary"] = "the-token"
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.temporary")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "temporary-secret")
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "the-token")
    assert alibaba_account.provider().identity().account == "1234567890123456"
    signatures.tokens["STS.temporary"] = ""
    with pytest.raises(CredentialsError, match="expired") as caught:
        alibaba_account.provider().identity()
    assert "ALIBABA_CLOUD_SECURITY_TOKEN" in str(caught.value.fix)


def test_debugging_prints_no_signature(
    alibaba_account: AlibabaAccount, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    alibaba_account.provider().identity()
    captured = capfd.readouterr()
    assert "Signature=" not in captured.out + captured.err


@pytest.mark.parametrize(
    "value", ["cs.eu-central-1.aliyuncs.com", "https://127.0.0.1:1", "10.0.0.1:80", "localhost"]
)
def test_an_endpoint_leads_to_this_machine_or_nowhere(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_ALIBABA_CS_ENDPOINT", value)
    with pytest.raises(
        ConfigError, match="CLOUDDEPLOY_ALIBABA_CS_ENDPOINT leads to another machine"
    ) as caught:
        endpoint_of("CS")
    assert "unset" in str(caught.value.fix)


@pytest.mark.parametrize("value", ["127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/"])
def test_an_endpoint_on_this_machine_is_taken(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_ALIBABA_CS_ENDPOINT", value)
    assert endpoint_of("CS") == "127.0.0.1:8080"
