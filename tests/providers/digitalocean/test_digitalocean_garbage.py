"""Tags, repositories and garbage collections of the emulated DOCR, as other clients use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from clouddeploy.emulator.server import Server
from moto_fixtures.digitalocean import EXISTING, ONE_REPOSITORY, DigitalOceanAccount
from tests.providers.digitalocean.openapi import OpenApi, Recorder
from tests.providers.digitalocean.test_digitalocean_emulator import put

_REGISTRY = "/v2/registries/acme"
_UNKNOWN = "eff0feee-49c7-4e8f-ba5c-a320c109c8a8"
_MIB = 1024 * 1024


class Asker:
    """Asks the cloud; every answer is held against DigitalOcean's description."""

    def __init__(self, account: DigitalOceanAccount, url: str) -> None:
        self._pool = urllib3.PoolManager(retries=False)
        self._headers = {"Authorization": f"Bearer {account.cloud.token}"}
        self._url = url

    def __call__(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        sent = json.dumps(body) if body else None
        answer = self._pool.request(method, f"{self._url}{_REGISTRY}{path}", body=sent, headers=self._headers)
        return answer.status, answer.json() if answer.data else {}


@pytest.fixture
def ask(do_account: DigitalOceanAccount) -> Iterator[Asker]:
    recorder, openapi = Recorder(do_account.cloud.faults), OpenApi()
    with Server(recorder) as server:
        yield Asker(do_account, server.url)
    for exchange in recorder.exchanges:
        openapi.check(exchange)


def _used(account: DigitalOceanAccount) -> int:
    (shown,) = account.cloud.docr.found.values()
    return int(account.cloud.docr.repositories.stored(shown.name))


def test_one_collection_runs_at_a_time_and_ends(do_account: DigitalOceanAccount, ask: Asker) -> None:
    do_account.plant(EXISTING)
    assert ask("GET", "/garbage-collection")[0] == 404
    status, told = ask("POST", "/garbage-collection")
    assert (status, told["garbage_collection"]["status"]) == (201, "waiting for write JWTs to expire")
    assert ask("POST", "/garbage-collection")[0] == 409
    do_account.cloud.clock.advance(959)
    assert ask("GET", "/garbage-collection")[1]["garbage_collection"]["status"] == "scanning manifests"
    do_account.cloud.clock.advance(61)
    assert ask("GET", "/garbage-collection")[0] == 404
    (past,) = ask("GET", "/garbage-collections")[1]["garbage_collections"]
    assert past["status"] == "succeeded"


def test_a_collection_is_cancelled_by_its_id(do_account: DigitalOceanAccount, ask: Asker) -> None:
    do_account.plant(EXISTING)
    run = ask("POST", "/garbage-collection")[1]["garbage_collection"]["uuid"]
    assert ask("PUT", f"/garbage-collection/{_UNKNOWN}", cancel=True)[0] == 404
    assert ask("PUT", f"/garbage-collection/{run}", cancel=False)[0] == 422
    status, told = ask("PUT", f"/garbage-collection/{run}", cancel=True)
    assert (status, told["garbage_collection"]["status"]) == (200, "cancelled")
    assert ask("PUT", f"/garbage-collection/{run}", cancel=True)[0] == 404


def test_what_is_deleted_takes_storage_until_it_is_collected(
    do_account: DigitalOceanAccount, ask: Asker
) -> None:
    do_account.plant(EXISTING)
    put(do_account, "shop/web")
    used = _used(do_account)
    (image,) = do_account.cloud.docr.data.manifests("acme/shop/web")
    path = f"/repositories/{quote('shop/web', safe='')}/digests/{image.digest}"
    assert ask("DELETE", path)[0] == 204
    assert ask("DELETE", path)[0] == 404
    assert _used(do_account) == used > 0
    put(do_account, "shop/web")  # the same again takes nothing more
    assert _used(do_account) == used
    assert ask("DELETE", path)[0] == 204
    ask("POST", "/garbage-collection")
    do_account.cloud.clock.advance(1020)
    (past,) = ask("GET", "/garbage-collections")[1]["garbage_collections"]
    assert (past["freed_bytes"], _used(do_account)) == (used, 0)


def test_a_full_starter_plan_has_room_only_after_a_collection(
    do_account: DigitalOceanAccount, ask: Asker
) -> None:
    do_account.plant(ONE_REPOSITORY)
    put(do_account, "web")
    do_account.cloud.docr.ballast["acme"] = 500 * _MIB - _used(do_account)
    ask("DELETE", "/repositories/web")
    closed = do_account.cloud.docr.refusal("acme", {"acme/web"})
    assert "bytes of storage" in closed
    ask("POST", "/garbage-collection")
    assert "read-only" in do_account.cloud.docr.refusal("acme", {"acme/web"})
    do_account.cloud.clock.advance(1020)
    assert do_account.cloud.docr.refusal("acme", {"acme/web"}) == ""


def test_a_tag_goes_and_its_manifest_stays(do_account: DigitalOceanAccount, ask: Asker) -> None:
    do_account.plant(EXISTING)
    put(do_account, "web")
    (image,) = do_account.cloud.docr.data.manifests("acme/web")
    (tag,) = ask("GET", "/repositories/web/tags")[1]["tags"]
    assert (tag["tag"], tag["manifest_digest"]) == ("v1", image.digest)
    assert ask("DELETE", f"/repositories/web/tags/{image.digest}")[0] == 404
    assert ask("DELETE", "/repositories/web/tags/v1")[0] == 204
    assert ask("DELETE", "/repositories/web/tags/v1")[0] == 404
    assert ask("GET", "/repositories/web/tags")[1]["tags"] == []
    (manifest,) = ask("GET", "/repositories/web/digests")[1]["manifests"]
    assert manifest["digest"] == image.digest


def test_a_repository_that_is_deleted_is_unknown(do_account: DigitalOceanAccount, ask: Asker) -> None:
    do_account.plant(EXISTING)
    put(do_account, "web")
    assert ask("DELETE", "/repositories/web")[0] == 204
    assert ask("DELETE", "/repositories/web")[0] == 404
    assert ask("GET", "/repositories/web/tags")[0] == 404
