"""The habits of each cloud's registry, one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from clouddeploy.emulator.registry import (
    ACR,
    DOCR,
    ECR,
    GAR,
    PLAIN,
    PROFILES,
    SPEC,
    OciRegistry,
    Profile,
    TokenServer,
    anonymous,
)

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
NAME = "project/repo/web"


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class Rig:
    """A registry with a profile and a client for it; `now` is the registry's clock."""

    def __init__(self, directory: Path, profile: Profile) -> None:
        self.now = 0.0
        self.registry = OciRegistry(directory, authorize=anonymous, profile=profile)
        self.registry.set_clock(lambda: self.now)
        self.http = Client(self.registry)
        self.registry.create_repository(NAME)

    def start(self, query: str = "", name: str = NAME) -> str:
        response = self.http.post(f"/v2/{name}/blobs/uploads/{query}")
        assert response.status_code == 202, response.text
        return str(response.headers["Location"])

    def chunk(self, where: str, body: bytes, first: int | None) -> TestResponse:
        span = {} if first is None else {"Content-Range": f"{first}-{first + len(body) - 1}"}
        return self.http.patch(where, data=body, headers=span)

    def close(self, where: str, whole: bytes, body: bytes = b"") -> TestResponse:
        return self.http.put(f"{where}?digest={sha256(whole)}", data=body)

    def push_blob(self, body: bytes, name: str = NAME) -> dict[str, Any]:
        assert self.close(self.start(name=name), body, body).status_code == 201
        return {"mediaType": LAYER, "digest": sha256(body), "size": len(body)}

    def push_manifest(self, tag: str, layers: int = 1, config: str = CONFIG, **more: Any) -> TestResponse:
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {**self.push_blob(b"{}"), "mediaType": config},
            "layers": [self.push_blob(b"a layer")] * layers,
            **more,
        }
        where = f"/v2/{NAME}/manifests/{tag}"
        return self.http.put(where, data=json.dumps(document), content_type=MANIFEST)


Start = Callable[[Profile], Rig]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return lambda profile: Rig(tmp_path, profile)


def refused(response: TestResponse, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    [error] = json.loads(response.data)["errors"]
    assert error["code"] == code
    return str(error["message"])


def test_the_five_that_a_push_has_to_manage() -> None:
    assert list(PROFILES) == ["ecr", "gar", "docr", "acr", "spec"]


@pytest.mark.parametrize("profile", [*PROFILES.values(), PLAIN], ids=lambda one: one.name)
def test_every_registry_takes_a_whole_blob_and_gives_it_back(profile: Profile, start: Start) -> None:
    rig = start(profile)
    put = rig.push_blob(b"in one PUT")
    where = rig.start()
    assert rig.chunk(where, b"streamed in one PATCH", None).status_code in (201, 202)
    assert rig.close(where, b"streamed in one PATCH").status_code == 201
    for body in (b"in one PUT", b"streamed in one PATCH"):
        assert rig.http.get(f"/v2/{NAME}/blobs/{sha256(body)}", buffered=True).data == body
    assert put["digest"] == sha256(b"in one PUT")


# ECR


def test_ecr_answers_a_chunk_with_201(start: Start) -> None:
    rig = start(ECR)
    assert rig.chunk(rig.start(), b"0123", 0).status_code == 201


def test_ecr_reports_the_first_chunk_for_ever_but_stores_the_others(start: Start) -> None:
    rig = start(replace(ECR, smallest_chunk=4))
    where = rig.start()
    answers = [rig.chunk(where, b"0123", 0), rig.chunk(where, b"4567", 4), rig.http.get(where)]
    assert [one.headers["Range"] for one in answers] == ["0-3", "0-3", "0-3"]
    refused(rig.chunk(where, b"4567", 4), 416, "BLOB_UPLOAD_INVALID")  # who believes it sends again
    assert rig.close(where, b"01234567").status_code == 201


def test_ecr_wants_5_mib_in_every_chunk_but_the_last(start: Start) -> None:
    rig = start(ECR)
    body = bytes(5 * 1024 * 1024)
    where = rig.start()
    assert "OCI-Chunk-Min-Length" not in rig.http.post(f"/v2/{NAME}/blobs/uploads/").headers
    rig.chunk(where, body, 0)
    assert rig.chunk(where, b"the last", len(body)).status_code == 201
    message = refused(rig.chunk(where, b"no more", len(body) + 8), 400, "BLOB_UPLOAD_INVALID")
    assert "all chunks but the last must have at least 5242880 bytes" in message
    assert rig.close(where, body + b"the last").status_code == 201


def test_ecr_mounts_only_what_a_manifest_refers_to(start: Start) -> None:
    rig = start(ECR)
    rig.registry.create_repository("other")
    digest = rig.push_blob(b"a layer")["digest"]
    mount = f"/v2/other/blobs/uploads/?mount={digest}&from={NAME}"
    assert rig.http.post(mount).status_code == 202
    rig.push_manifest("v1")
    assert rig.http.post(mount).status_code == 201


def test_ecr_refuses_an_immutable_tag_even_with_the_digest_that_it_has(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ECR)
    rig.registry.delete_repository(NAME)
    rig.registry.create_repository(NAME, immutable=True)
    assert rig.push_manifest("v1").status_code == 201
    assert "'v1' already exists" in refused(rig.push_manifest("v1"), 400, "TAG_INVALID")
    digest = rig.registry.manifests(NAME)[0].digest
    assert rig.push_manifest(digest).status_code == 201


def test_ecr_has_a_most_of_layers(start: Start) -> None:
    rig = start(ECR)
    assert rig.push_manifest("v1", layers=127).status_code == 201
    message = refused(rig.push_manifest("v2", layers=128), 405, "UNSUPPORTED")
    assert message.endswith("'Limit on number of layers per image exceeded'")


@pytest.mark.parametrize("profile", [ECR, ACR], ids=lambda one: one.name)
def test_repositories_that_must_be_there_before_the_push(profile: Profile, start: Start) -> None:
    refused(start(profile).http.post("/v2/new/blobs/uploads/"), 404, "NAME_UNKNOWN")


# GAR


def test_gar_has_long_urls_outside_of_v2(start: Start) -> None:
    where = start(GAR).start()
    assert where.startswith("/artifacts-uploads/namespaces/project/repositories/repo/uploads/")
    assert len(where) > 2000


def test_gar_takes_no_chunks(start: Start) -> None:
    rig = start(GAR)
    refused(rig.chunk(rig.start(), b"0123", 0), 400, "UNSUPPORTED")
    where = rig.start()
    rig.chunk(where, b"0123", None)
    refused(rig.chunk(where, b"4567", None), 400, "UNSUPPORTED")
    refused(rig.close(where, b"01234567", b"4567"), 400, "UNSUPPORTED")


def test_gars_upload_url_is_the_key(tmp_path: Path) -> None:
    tokens = TokenServer({"ci": "secret"}, realm="https://auth/token")
    registry = OciRegistry(tmp_path, authorize=tokens.authorize, profile=GAR)
    http = Client(registry)
    basic = {"Authorization": "Basic Y2k6c2VjcmV0"}
    asked = {"scope": f"repository:{NAME}:pull,push"}
    token = Client(tokens).get("/token", query_string=asked, headers=basic).json
    assert token
    bearer = {"Authorization": f"Bearer {token['token']}"}
    where = http.post(f"/v2/{NAME}/blobs/uploads/", headers=bearer).headers["Location"]
    assert http.put(f"{where}?digest={sha256(b'x')}", data=b"x").status_code == 201
    unknown = "/artifacts-uploads/namespaces/project/repositories/repo/uploads/guessed"
    refused(http.put(f"{unknown}?digest={sha256(b'x')}", data=b"x"), 404, "BLOB_UPLOAD_UNKNOWN")


# DOCR


def ask(tokens: TokenServer, actions: str) -> TestResponse:
    query = {"service": "registry", "scope": f"repository:web:{actions}"}
    return Client(tokens).get("/token", query_string=query, headers={"Authorization": "Basic Y2k6c2VjcmV0"})


def test_docr_shows_the_plans_limit_when_a_token_is_fetched() -> None:
    tokens = TokenServer({"ci": "secret"})
    tokens.plan_limit = "registry contains 1 repositories, limit is 1"
    assert refused(ask(tokens, "pull,push"), 403, "DENIED") == tokens.plan_limit
    assert ask(tokens, "pull").status_code == 200


def test_docr_collecting_garbage_gives_no_token_that_may_push(tmp_path: Path) -> None:
    tokens = TokenServer({"ci": "secret"})
    http = Client(OciRegistry(tmp_path, authorize=tokens.authorize, profile=DOCR))

    def push() -> int:
        token = ask(tokens, "pull,push").json
        assert token
        bearer = {"Authorization": f"Bearer {token['token']}"}
        return http.post("/v2/web/blobs/uploads/", headers=bearer).status_code

    assert push() == 202
    tokens.read_only = True
    assert push() == 401
    tokens.read_only = False
    assert push() == 202


# ACR


def test_acr_denies_manifests_with_an_empty_config(start: Start) -> None:
    rig = start(ACR)
    assert rig.push_manifest("v1").status_code == 201
    message = refused(rig.push_manifest("sig", config=EMPTY), 403, "DENIED")
    assert message == "unknown manifest class for application/vnd.oci.empty.v1+json"


# The specification, as far as it goes


def test_spec_says_how_small_a_chunk_may_be(start: Start) -> None:
    rig = start(SPEC)
    answer = rig.http.post(f"/v2/{NAME}/blobs/uploads/")
    assert answer.headers["OCI-Chunk-Min-Length"] == str(SPEC.smallest_chunk)
    where = rig.start()
    rig.chunk(where, b"too small", 0)
    refused(rig.chunk(where, b"but not the last", 9), 400, "BLOB_UPLOAD_INVALID")


def test_spec_refuses_chunks_out_of_order(start: Start) -> None:
    rig = start(SPEC)
    where = rig.start()
    rig.chunk(where, bytes(2000), 0)
    response = rig.chunk(where, bytes(2000), 4000)
    refused(response, 416, "BLOB_UPLOAD_INVALID")
    assert response.headers["Range"] == "0-1999"


def test_spec_sessions_expire_unless_they_are_used(start: Start) -> None:
    rig = start(SPEC)
    used, forgotten = rig.start(), rig.start()
    rig.now = 200
    assert rig.http.get(used).status_code == 204
    rig.now = 400
    assert rig.chunk(used, b"in time", 0).status_code == 202
    refused(rig.chunk(forgotten, b"late", 0), 404, "BLOB_UPLOAD_UNKNOWN")


def test_spec_finds_a_blob_to_mount_by_itself(start: Start) -> None:
    rig = start(SPEC)
    digest = rig.push_blob(b"a layer")["digest"]
    assert rig.http.post(f"/v2/other/blobs/uploads/?mount={digest}").status_code == 201
    assert rig.http.post(f"/v2/other/blobs/uploads/?mount={sha256(b'none')}").status_code == 202


@pytest.mark.parametrize(("profile", "kept"), [(SPEC, "0-3"), (ECR, "0-0")], ids=["spec", "ecr"])
def test_what_is_left_of_a_chunk_that_broke_off(profile: Profile, kept: str, start: Start) -> None:
    rig = start(profile)
    where = rig.start()
    short = {"CONTENT_LENGTH": "9", "HTTP_CONTENT_RANGE": "0-8"}
    refused(rig.http.patch(where, data=b"0123", environ_overrides=short), 400, "SIZE_INVALID")
    assert rig.http.get(where).headers["Range"] == kept
    rest = b"45678" if kept == "0-3" else b"012345678"
    assert rig.chunk(where, rest, 9 - len(rest)).status_code == profile.patch_status
    assert rig.close(where, b"012345678").status_code == 201
