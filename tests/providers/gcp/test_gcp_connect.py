"""Which project, which region, whose credentials: from the target, the environment, Google's own files."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.contract import ClusterSpec, Provider, TargetSettings
from clouddeploy.errors import (
    ConfigError,
    CredentialsError,
    MissingToolError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_gcp import connect
from clouddeploy_gcp.session import Session
from moto_fixtures.gcp import CLEARED, PROJECT, REGION, GcpAccount


def target(**settings: Any) -> TargetSettings:
    return TargetSettings("prod", "gcp", ClusterSpec("demo"), **settings)


@pytest.mark.parametrize(
    ("settings", "message", "fix"),
    [
        ({"options": {"projct": "x"}}, "gcp knows no options key projct", "did you mean project"),
        ({"registry": {"imutable": "true"}}, "gcp knows no registry key imutable", "did you mean immutable"),
        ({"registry": {"immutable": "perhaps"}}, "immutable is 'perhaps'", "true or false"),
        ({"registry": {"keep": "0"}}, "keep is '0'", "1 to 1000"),
        ({"registry": {"keep": "many"}}, "keep is 'many'", "1 to 1000"),
        ({"registry": {"location": "Frankfurt"}}, "location is 'Frankfurt'", "europe-west3"),
        ({"registry": {"repository": "my_repo"}}, "repository is 'my_repo'", "lower-case"),
        ({"account": "one", "options": {"project": "two"}}, "two projects, one and two", "say it once"),
    ],
)
def test_what_it_does_not_know_is_refused(settings: dict[str, Any], message: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        connect(target(**settings))
    assert fix in str(caught.value.fix)


def test_the_project_is_the_targets_then_the_environments_then_the_keys(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "from-environment")
    assert Session(target(account="from-account")).project == "from-account"
    assert Session(target(options={"project": "from-options"})).project == "from-options"
    assert Session(target()).project == "from-environment"
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    monkeypatch.delenv("CLOUDSDK_CORE_PROJECT")
    assert Session(target()).project == PROJECT


@pytest.mark.parametrize(
    "ask",
    [
        lambda provider: provider.registry.address("shop/web"),
        lambda provider: provider.provisioner.steps(ClusterSpec("demo", nodes=1)),
        lambda provider: provider.clusters.list(),
    ],
    ids=["address", "steps", "clusters"],
)
def test_a_projects_number_is_not_taken_for_its_id(
    gcp_account: GcpAccount, ask: Callable[[Provider], object]
) -> None:
    """The APIs would take it, and a wrong workload pool and wrong image addresses would come of it."""
    provider = connect(gcp_account.target(account="123456789012"))
    with pytest.raises(ConfigError, match="123456789012 is the number of a Google Cloud project") as caught:
        ask(provider)
    assert "gcloud projects describe 123456789012" in str(caught.value.fix)
    assert gcp_account.cloud.calls == []


def test_without_a_project_or_a_region_it_says_where_to_write_them(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GOOGLE_CLOUD_PROJECT",
        "CLOUDSDK_CORE_PROJECT",
        "GOOGLE_CLOUD_REGION",
        "CLOUDSDK_COMPUTE_REGION",
    ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "token")
    with pytest.raises(PreconditionError, match="no Google Cloud project") as project:
        _ = Session(target()).project
    assert "GOOGLE_CLOUD_PROJECT" in str(project.value.fix)
    with pytest.raises(PreconditionError, match="no Google Cloud region") as region:
        _ = Session(target()).region
    assert "region:" in str(region.value.fix)


@pytest.mark.parametrize(
    ("place", "region", "zone"),
    [
        ("europe-west3", "europe-west3", None),
        ("europe-west3-a", "europe-west3", "europe-west3-a"),
        ("northamerica-northeast1-c", "northamerica-northeast1", "northamerica-northeast1-c"),
    ],
)
def test_a_region_may_be_one_of_its_zones(place: str, region: str, zone: str | None) -> None:
    session = Session(target(region=place))
    assert (session.region, session.zone) == (region, zone)


def test_credentials_go_to_google_and_to_this_machine_only(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", "https://emulator.example")
    with pytest.raises(ConfigError, match="not a loopback URL") as caught:
        connect(gcp_account.target()).clusters.list()
    assert caught.value.fix == "unset CLOUDDEPLOY_GCP_ENDPOINT"


def test_a_service_account_key_is_exchanged_for_a_token(gcp_account: GcpAccount) -> None:
    provider = connect(gcp_account.target())
    identity = provider.identity()
    assert (identity.account, identity.principal) == (
        PROJECT,
        f"clouddeploy@{PROJECT}.iam.gserviceaccount.com",
    )
    token = gcp_account.session().token()
    assert token.expires
    assert gcp_account.cloud.accounts.token_principal(token.value.reveal()) == identity.principal


def test_an_access_token_in_the_environment_comes_before_all_files(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", gcp_account.cloud.accounts.issue("ann@example.com"))
    provider = connect(gcp_account.target())
    assert provider.identity().principal == "ann@example.com"
    assert provider.clusters.list() == []


def test_an_access_token_that_is_too_old_says_so(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", gcp_account.cloud.accounts.issue(life=-1))
    with pytest.raises(CredentialsError, match="could not") as caught:
        connect(gcp_account.target()).clusters.list()
    assert "gcloud auth application-default login" in str(caught.value.fix)


def test_a_persons_own_login_is_refreshed(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gcp_account.cloud.accounts.refresh_tokens["1//refresh"] = "ann@example.com"
    file = tmp_path / "application_default_credentials.json"
    file.write_text(
        json.dumps(
            {
                "type": "authorized_user",
                "client_id": "id",
                "client_secret": "secret",
                "refresh_token": "1//refresh",
                "token_uri": f"{gcp_account.cloud.url}/token",
            }
        )
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    # google-auth sends refreshes of a person's login to Google whatever the file says.
    monkeypatch.setattr(
        "google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{gcp_account.cloud.url}/token"
    )
    provider = connect(gcp_account.target())
    assert provider.identity().principal == "ann@example.com"
    assert provider.clusters.list() == []


@pytest.mark.parametrize(
    ("change", "message", "fix"),
    [
        ({"private_key": "not a key"}, "Google refuses|could not", "gcloud auth"),
        ({"type": "service"}, "could not", "gcloud auth"),
    ],
)
def test_a_broken_key_file_says_what_to_do(
    gcp_account: GcpAccount,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    change: dict[str, str],
    message: str,
    fix: str,
) -> None:
    import os

    key = json.loads(Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**key, **change}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    with pytest.raises(CredentialsError, match=message) as caught:
        connect(gcp_account.target()).identity()
    assert fix in str(caught.value.fix)


def test_a_key_file_that_is_not_there_is_named(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    with pytest.raises(CredentialsError, match=r"gone\.json"):
        connect(gcp_account.target()).identity()


def test_without_credentials_it_says_how_to_log_in(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(CredentialsError, match="there are no Google credentials") as caught:
        connect(gcp_account.target()).identity()
    assert "gcloud auth application-default login" in str(caught.value.fix)


def test_a_wrong_clock_is_named(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(gcp_account.cloud.accounts, "now", lambda: time.time() + 7200)
    with pytest.raises(CredentialsError, match="short-lived token") as caught:
        connect(gcp_account.target()).identity()
    assert "set this machine's clock" in str(caught.value.fix)


def test_a_key_that_was_replaced_is_refused(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stranger = gcp_account.cloud.accounts.write_key(tmp_path / "stranger.json", stranger=True)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(stranger))
    provider = connect(gcp_account.target())
    for call in (provider.identity, provider.clusters.list, provider.registry.login):
        with pytest.raises(CredentialsError, match="refuses the credentials"):
            call()


def test_nobody_answering_is_temporary(gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDDEPLOY_GCP_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TemporaryError) as caught:
        connect(gcp_account.target()).clusters.list()
    assert "check the network" in str(caught.value.fix)


@pytest.mark.parametrize("lookup", ["false", "true"], ids=["as it comes", "with boundary lookup"])
def test_nothing_leaves_this_machine_in_the_background(
    gcp_account: GcpAccount, monkeypatch: pytest.MonkeyPatch, lookup: str
) -> None:
    """google-auth would ask iamcredentials.googleapis.com, with our token."""
    monkeypatch.setenv("GOOGLE_SDK_EXPERIMENTAL_PYTHON_REGIONAL_ACCESS_BOUNDARY_LOOKUP_ENABLED", lookup)
    asked: list[object] = []
    resolve, before = socket.getaddrinfo, set(threading.enumerate())

    def watched(host: object, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        return resolve("127.0.0.1", *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    gcp_account.session().token()
    connect(gcp_account.target()).clusters.list()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
    assert set(asked) == {"127.0.0.1"}


MISSING = """\
import sys
import threading
sys.modules["google.cloud.container_v1"] = None
from clouddeploy.contract import ClusterSpec, Provider, TargetSettings
from clouddeploy.errors import CloudDeployError
from clouddeploy_gcp import connect
try:
    connect(TargetSettings("prod", "gcp", ClusterSpec("demo"), region="europe-west3")).clusters.list()
except CloudDeployError as error:
    print(type(error).__name__, error.message, error.fix)
"""


def test_a_library_that_is_missing_is_named(gcp_account: GcpAccount) -> None:
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, timeout=100)
    assert done.stdout.startswith(MissingToolError.__name__), done.stderr
    assert "pip install 'clouddeploy[gcp]'" in done.stdout


def test_the_emulators_environment_keeps_the_users_own_google_out(gcp_account: GcpAccount) -> None:
    environment = gcp_account.cloud.environment
    assert environment["GOOGLE_CLOUD_REGION"] == REGION
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "REQUESTS_CA_BUNDLE"):
        assert environment[name].startswith(str(gcp_account.cloud._directory))
    assert Path(environment["GOOGLE_APPLICATION_CREDENTIALS"]).stat().st_mode & 0o077 == 0
    assert all(name.startswith((*CLEARED, "NO_GCE", "REQUESTS_CA")) for name in environment)
