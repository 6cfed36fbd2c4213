"""The emulated registry keeps the distribution specification, strictly."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import urllib3
from werkzeug.test import Client, TestResponse

from clouddeploy.emulator.registry import Access, OciRegistry, TokenServer, anonymous, basic
from clouddeploy.emulator.server import Server

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
BLOB = b"some layer"


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True)
class Rig:
    """A registry and a browser for it."""

    registry: OciRegistry
    http: Client

    def start(self, name: str = "web", query: str = "") -> str:
        """The location of a new upload."""
        response = self.http.post(f"/v2/{name}/blobs/uploads/{query}")
        assert response.status_code == 202, response.text
        return str(response.headers["Location"])

    def blob(self, digest: str, name: str = "web") -> bytes:
        """What a pull gives."""
        return bytes(self.http.get(f"/v2/{name}/blobs/{digest}", buffered=True).data)

    def push_blob(self, body: bytes, name: str = "web") -> dict[str, Any]:
        """Upload a blob; its descriptor."""
        digest = sha256(body)
        response = self.http.put(f"{self.start(name)}?digest={digest}", data=body)
        assert response.status_code == 201, response.text
        return {"mediaType": LAYER, "digest": digest, "size": len(body)}

    def push_manifest(self, reference: str, name: str = "web", **more: Any) -> tuple[TestResponse, bytes]:
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {**self.push_blob(b"{}", name), "mediaType": CONFIG},
            "layers": [self.push_blob(BLOB, name)],
            **more,
        }
        body = json.dumps(document).encode()
        return self.put(reference, body, MANIFEST, name), body

    def put(self, reference: str, body: bytes, media_type: str, name: str = "web") -> TestResponse:
        return self.http.put(f"/v2/{name}/manifests/{reference}", data=body, content_type=media_type)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    registry = OciRegistry(tmp_path, authorize=anonymous)
    return Rig(registry, Client(registry))


def refused(response: TestResponse, status: int, code: str) -> str:
    """Checks an error document; its message."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    [error] = json.loads(response.data)["errors"]
    assert error["code"] == code
    return str(error["message"])


def test_the_root_says_what_this_is(rig: Rig) -> None:
    response = rig.http.get("/v2/")
    assert (response.status_code, response.json) == (200, {})
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    refused(rig.http.get("/v1/"), 404, "UNSUPPORTED")


# Blobs


def test_upload_with_post_and_put(rig: Rig) -> None:
    response = rig.http.put(f"{rig.start()}?digest={sha256(BLOB)}", data=BLOB)
    assert response.status_code == 201
    assert response.headers["Location"].endswith(f"/v2/web/blobs/{sha256(BLOB)}")
    assert rig.blob(sha256(BLOB)) == BLOB


def test_upload_with_a_single_post(rig: Rig) -> None:
    response = rig.http.post(f"/v2/web/blobs/uploads/?digest={sha256(BLOB)}", data=BLOB)
    assert response.status_code == 201
    assert rig.http.head(f"/v2/web/blobs/{sha256(BLOB)}").headers["Content-Length"] == str(len(BLOB))


def test_upload_in_chunks(rig: Rig) -> None:
    where = rig.start()
    first = rig.http.patch(where, data=BLOB[:4], headers={"Content-Range": "0-3"})
    assert (first.status_code, first.headers["Range"]) == (202, "0-3")
    state = rig.http.get(first.headers["Location"])
    assert (state.status_code, state.headers["Range"]) == (204, "0-3")
    second = rig.http.patch(where, data=BLOB[4:8], headers={"Content-Range": "4-7"})
    assert second.headers["Range"] == "0-7"
    last = rig.http.put(
        f"{where}?digest={sha256(BLOB)}", data=BLOB[8:], headers={"Content-Range": f"8-{len(BLOB) - 1}"}
    )
    assert last.status_code == 201
    assert rig.blob(sha256(BLOB)) == BLOB


@pytest.mark.parametrize("content_range", ["0-3", "5-8", "8-11"])
def test_chunks_out_of_order(rig: Rig, content_range: str) -> None:
    where = rig.start()
    rig.http.patch(where, data=BLOB[:4], headers={"Content-Range": "0-3"})
    response = rig.http.patch(where, data=b"1234", headers={"Content-Range": content_range})
    refused(response, 416, "BLOB_UPLOAD_INVALID")
    assert response.headers["Range"] == "0-3"
    closing = rig.http.put(
        f"{where}?digest={sha256(BLOB)}", data=b"1234", headers={"Content-Range": content_range}
    )
    refused(closing, 416, "BLOB_UPLOAD_INVALID")
    assert rig.http.get(where).headers["Range"] == "0-3"


@pytest.mark.parametrize(
    ("content_range", "code"),
    [("bytes 0-3/4", "BLOB_UPLOAD_INVALID"), ("0-9", "SIZE_INVALID"), ("x", "BLOB_UPLOAD_INVALID")],
)
def test_ranges_that_are_none(rig: Rig, content_range: str, code: str) -> None:
    refused(rig.http.patch(rig.start(), data=b"1234", headers={"Content-Range": content_range}), 400, code)


@pytest.mark.parametrize(
    "query", ["", "?digest=", "?digest=sha256:abc", "?digest=md5:" + "a" * 32, "?digest=sha256:" + "0" * 64]
)
def test_a_digest_that_does_not_fit_keeps_nothing(rig: Rig, query: str) -> None:
    refused(rig.http.put(rig.start() + query, data=BLOB), 400, "DIGEST_INVALID")
    assert rig.http.get(f"/v2/web/blobs/{sha256(BLOB)}").status_code == 404


def test_sha512(rig: Rig) -> None:
    digest = f"sha512:{hashlib.sha512(BLOB).hexdigest()}"
    assert rig.http.put(f"{rig.start()}?digest={digest}", data=BLOB).status_code == 201
    assert rig.blob(digest) == BLOB


def test_a_session_ends_when_it_is_closed_or_cancelled(rig: Rig, tmp_path: Path) -> None:
    closed, cancelled = rig.start(), rig.start()
    rig.http.put(f"{closed}?digest={sha256(BLOB)}", data=BLOB)
    assert rig.http.delete(cancelled).status_code == 204
    for where in (closed, cancelled, "/v2/web/blobs/uploads/unknown"):
        refused(rig.http.get(where), 404, "BLOB_UPLOAD_UNKNOWN")
        refused(rig.http.patch(where, data=b"x"), 404, "BLOB_UPLOAD_UNKNOWN")
        refused(rig.http.delete(where), 404, "BLOB_UPLOAD_UNKNOWN")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_session_belongs_to_its_repository(rig: Rig) -> None:
    where = rig.start("web")
    rig.registry.create_repository("api")
    refused(rig.http.patch(where.replace("/web/", "/api/"), data=b"x"), 404, "BLOB_UPLOAD_UNKNOWN")


def test_ranges_of_a_blob(rig: Rig) -> None:
    url = f"/v2/web/blobs/{rig.push_blob(BLOB)['digest']}"
    part = rig.http.get(url, headers={"Range": "bytes=2-5"}, buffered=True)
    assert (part.status_code, part.data) == (206, BLOB[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(BLOB)}"
    assert rig.http.get(url, headers={"Range": "bytes=99-"}).status_code == 416


def test_a_blob_is_only_where_it_was_pushed(rig: Rig) -> None:
    blob = rig.push_blob(BLOB, "web")
    rig.registry.create_repository("api")
    refused(rig.http.get(f"/v2/api/blobs/{blob['digest']}"), 404, "BLOB_UNKNOWN")


def test_mounting(rig: Rig) -> None:
    digest = rig.push_blob(BLOB, "web")["digest"]
    mounted = rig.http.post(f"/v2/api/blobs/uploads/?mount={digest}&from=web")
    assert mounted.status_code == 201
    assert rig.blob(digest, "api") == BLOB


@pytest.mark.parametrize("source", ["nowhere", "empty", ""])
def test_mounting_what_is_not_there_opens_an_upload(rig: Rig, source: str) -> None:
    rig.registry.create_repository("empty")
    where = rig.start("api", f"?mount={sha256(BLOB)}&from={source}")
    assert rig.http.put(f"{where}?digest={sha256(BLOB)}", data=BLOB).status_code == 201


def test_deleting_a_blob(rig: Rig) -> None:
    url = f"/v2/web/blobs/{rig.push_blob(BLOB)['digest']}"
    assert rig.http.delete(url).status_code == 202
    refused(rig.http.get(url), 404, "BLOB_UNKNOWN")
    refused(rig.http.delete(url), 404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "sha1:" + "a" * 40])
def test_a_blob_that_has_no_digest(rig: Rig, digest: str) -> None:
    rig.registry.create_repository("web")
    refused(rig.http.get(f"/v2/web/blobs/{digest}"), 400, "DIGEST_INVALID")


@pytest.mark.parametrize("name", ["Web", "a//b", "-a", "a_-b", "a/../b", "a" * 256])
def test_names_that_are_none(rig: Rig, name: str) -> None:
    refused(rig.http.post(f"/v2/{name}/blobs/uploads/"), 400, "NAME_INVALID")
    with pytest.raises(ValueError, match="invalid repository name"):
        rig.registry.create_repository(name)


def test_bodies_of_unknown_length_and_bodies_that_break_off(tmp_path: Path) -> None:
    """Over a real connection: chunked transfer encoding, and a client that hangs up."""
    with Server(OciRegistry(tmp_path, authorize=anonymous)) as server, urllib3.PoolManager() as http:

        def start() -> str:
            where = http.request("POST", f"{server.url}/v2/web/blobs/uploads/").headers["Location"]
            return urljoin(server.url, where)

        pieces = iter([BLOB[:4], BLOB[4:]])
        streamed = http.request("PATCH", where := start(), body=pieces, chunked=True)
        assert (streamed.status, streamed.headers["Range"]) == (202, f"0-{len(BLOB) - 1}")
        assert http.request("PUT", f"{where}?digest={sha256(BLOB)}").status == 201

        other = b"another layer"
        path = f"{urlsplit(start()).path}?digest={sha256(other)}"
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n".encode() + other)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(10)
            while sock.recv(4096):
                pass
        assert http.request("HEAD", f"{server.url}/v2/web/blobs/{sha256(other)}").status == 404


# Manifests


def test_a_manifest_comes_back_byte_for_byte(rig: Rig) -> None:
    response, body = rig.push_manifest("v1")
    assert response.status_code == 201
    for reference in ("v1", sha256(body)):
        found = rig.http.get(f"/v2/web/manifests/{reference}")
        assert (found.data, found.content_type) == (body, MANIFEST)
        assert found.headers["Docker-Content-Digest"] == sha256(body)
        head = rig.http.head(f"/v2/web/manifests/{reference}")
        assert (head.data, head.headers["Content-Length"]) == (b"", str(len(body)))


def test_what_images_take(rig: Rig) -> None:
    """An image is its manifest, its config and its layers; what several images share is there once."""
    _, one = rig.push_manifest("v1")
    other = {"layers": [rig.push_blob(BLOB), rig.push_blob(b"another layer")]}
    _, two = rig.push_manifest("v2", **other)
    first, second = (record.size for record in rig.registry.manifests("web"))
    assert first == len(one) + len(b"{}") + len(BLOB)
    assert second == len(two) + len(b"{}") + len(BLOB) + len(b"another layer")
    both = len(one) + len(two) + len(b"{}") + len(BLOB) + len(b"another layer")
    assert rig.registry.stored(["web"]) == both
    assert rig.registry.stored(["web", "api"]) == both
    listed = [{"mediaType": MANIFEST, "digest": sha256(body), "size": len(body)} for body in (one, two)]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).encode()
    assert rig.put("all", index, INDEX).status_code == 201
    assert rig.registry.manifests("web")[2].size == rig.registry.stored(["web"]) == both + len(index)


def test_by_digest_with_tags_on_the_way(rig: Rig) -> None:
    _, body = rig.push_manifest("v1")
    response = rig.put(f"{sha256(body)}?tag=v2&tag=v3", body, MANIFEST)
    assert response.headers["OCI-Tag"] == "v2, v3"
    assert rig.registry.manifests("web")[0].tags == ("v1", "v2", "v3")


def test_a_manifest_without_its_blobs(rig: Rig) -> None:
    missing = {"mediaType": LAYER, "digest": sha256(b"missing"), "size": 7}
    response, _ = rig.push_manifest("v1", layers=[missing])
    refused(response, 404, "MANIFEST_BLOB_UNKNOWN")
    assert rig.registry.manifests("web") == []


def test_an_index_without_its_manifests(rig: Rig) -> None:
    _, body = rig.push_manifest("v1")
    child = {"mediaType": MANIFEST, "digest": sha256(body), "size": len(body)}
    good = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}
    assert rig.put("all", json.dumps(good).encode(), INDEX).status_code == 201
    child["digest"] = sha256(b"missing")
    refused(rig.put("all", json.dumps(good).encode(), INDEX), 404, "MANIFEST_BLOB_UNKNOWN")


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 1},
        {"mediaType": INDEX},
        {"manifests": []},
        {"layers": {}},
        {"config": None},
        {"layers": [{"mediaType": LAYER, "digest": sha256(BLOB)}]},
        {"layers": [{"mediaType": LAYER, "digest": sha256(BLOB), "size": 1}]},
        {"layers": [{"digest": sha256(BLOB), "size": len(BLOB)}]},
        {"layers": ["x"]},
    ],
)
def test_manifests_that_are_refused(rig: Rig, change: dict[str, Any]) -> None:
    refused(rig.push_manifest("v1", **change)[0], 400, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"", MANIFEST), (b"{", MANIFEST), (b"[]", MANIFEST), (b"{}", "text/plain"), (b"{}", "")],
)
def test_what_is_no_manifest(rig: Rig, body: bytes, media_type: str) -> None:
    refused(rig.put("v1", body, media_type), 400, "MANIFEST_INVALID")


def test_a_descriptor_with_a_bad_digest(rig: Rig) -> None:
    layer = {"mediaType": LAYER, "digest": "sha256:../x", "size": 1}
    refused(rig.push_manifest("v1", layers=[layer])[0], 400, "DIGEST_INVALID")


def test_a_manifest_under_another_digest(rig: Rig) -> None:
    refused(rig.push_manifest(sha256(b"other"))[0], 400, "DIGEST_INVALID")


@pytest.mark.parametrize("tag", ["-v1", ".v1", "a" * 129, "v 1"])
def test_tags_that_are_none(rig: Rig, tag: str) -> None:
    refused(rig.push_manifest(tag)[0], 400, "MANIFEST_INVALID")


def test_a_manifest_that_is_too_large(rig: Rig) -> None:
    refused(rig.put("v1", b" " * (4 * 1024 * 1024 + 1), MANIFEST), 413, "SIZE_INVALID")


def test_deleting_a_tag_leaves_the_manifest(rig: Rig) -> None:
    _, body = rig.push_manifest("v1")
    rig.put("v2", body, MANIFEST)
    assert rig.http.delete("/v2/web/manifests/v1").status_code == 202
    refused(rig.http.get("/v2/web/manifests/v1"), 404, "MANIFEST_UNKNOWN")
    assert rig.http.get("/v2/web/manifests/v2").status_code == 200
    assert rig.http.delete(f"/v2/web/manifests/{sha256(body)}").status_code == 202
    refused(rig.http.get("/v2/web/manifests/v2"), 404, "MANIFEST_UNKNOWN")
    refused(rig.http.delete("/v2/web/manifests/v2"), 404, "MANIFEST_UNKNOWN")


def test_tags_come_in_pages(rig: Rig) -> None:
    _, body = rig.push_manifest("c")
    for tag in "ab":
        rig.put(tag, body, MANIFEST)
    assert rig.http.get("/v2/web/tags/list").json == {"name": "web", "tags": ["a", "b", "c"]}
    page = rig.http.get("/v2/web/tags/list?n=2")
    assert page.json == {"name": "web", "tags": ["a", "b"]}
    assert page.headers["Link"] == '</v2/web/tags/list?n=2&last=b>; rel="next"'
    rest = rig.http.get("/v2/web/tags/list?n=2&last=b")
    assert rest.json == {"name": "web", "tags": ["c"]}
    assert "Link" not in rest.headers
    none = rig.http.get("/v2/web/tags/list?n=0")
    assert none.json == {"name": "web", "tags": []}
    assert "Link" not in none.headers
    refused(rig.http.get("/v2/web/tags/list?n=many"), 400, "UNSUPPORTED")


def test_referrers(rig: Rig) -> None:
    _, image = rig.push_manifest("v1")
    about = {"mediaType": MANIFEST, "digest": sha256(image), "size": len(image)}
    response, first = rig.push_manifest(
        "sig", subject=about, artifactType="a/signature", annotations={"k": "v"}
    )
    assert response.headers["OCI-Subject"] == sha256(image)
    rig.push_manifest("sbom", subject=about)
    found = rig.http.get(f"/v2/web/referrers/{sha256(image)}")
    assert found.content_type == INDEX
    assert found.json
    assert [one["artifactType"] for one in found.json["manifests"]] == ["a/signature", CONFIG]
    only = rig.http.get(f"/v2/web/referrers/{sha256(image)}?artifactType=a/signature")
    assert only.headers["OCI-Filters-Applied"] == "artifactType"
    assert only.json
    [one] = only.json["manifests"]
    assert one == {
        "mediaType": MANIFEST,
        "digest": sha256(first),
        "size": len(first),
        "artifactType": "a/signature",
        "annotations": {"k": "v"},
    }
    assert rig.http.get(f"/v2/web/referrers/{sha256(b'nothing')}").json == {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [],
    }
    refused(rig.http.get("/v2/web/referrers/latest"), 400, "DIGEST_INVALID")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "manifests/v1"),
        ("PUT", "blobs/x"),
        ("POST", "tags/list"),
        ("GET", "tags/other"),
        ("OPTIONS", "blobs/uploads/1"),
    ],
)
def test_what_no_registry_does(rig: Rig, method: str, path: str) -> None:
    rig.registry.create_repository("web")
    refused(rig.http.open(f"/v2/web/{path}", method=method), 405, "UNSUPPORTED")


# Repositories from the outside


def test_a_repository_is_made_by_the_first_push(rig: Rig) -> None:
    message = refused(rig.http.get("/v2/shop/web/tags/list"), 404, "NAME_UNKNOWN")
    assert message == "repository name shop/web not known to registry"
    rig.start("shop/web")
    assert rig.registry.repositories() == ["shop/web"]


def test_a_repository_that_must_be_made_first(tmp_path: Path) -> None:
    registry = OciRegistry(
        tmp_path, authorize=anonymous, create_on_push=False, unknown_repository=lambda name: f"no {name} here"
    )
    http = Client(registry)
    assert refused(http.post("/v2/web/blobs/uploads/"), 404, "NAME_UNKNOWN") == "no web here"
    registry.create_repository("web")
    assert http.post("/v2/web/blobs/uploads/").status_code == 202
    assert registry.delete_repository("web")
    assert not registry.delete_repository("web")
    assert refused(http.post("/v2/web/blobs/uploads/"), 404, "NAME_UNKNOWN")


def test_what_a_repository_holds(rig: Rig) -> None:
    _, body = rig.push_manifest("v1")
    [record] = rig.registry.manifests("web")
    assert (record.digest, record.tags) == (sha256(body), ("v1",))
    assert record.pushed_at.tzinfo
    assert rig.registry.find("web", "v1") == rig.registry.find("web", sha256(body)) == record
    assert rig.registry.find("web", "v2") is rig.registry.find("api", "v1") is None
    assert rig.registry.manifests("api") == []
    assert rig.registry.delete("web", "v1")
    assert not rig.registry.delete("web", "v1")


def test_an_immutable_tag_stays(rig: Rig) -> None:
    rig.registry.create_repository("web", immutable=True)
    _, body = rig.push_manifest("v1")
    assert rig.put("v1", body, MANIFEST).status_code == 201
    message = refused(rig.push_manifest("v1", annotations={"a": "b"})[0], 400, "TAG_INVALID")
    assert "'v1' already exists in the 'web' repository" in message


# Logins


def authorization(username: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"}


def test_basic(tmp_path: Path) -> None:
    http = Client(
        OciRegistry(tmp_path, authorize=basic({"ci": "secret"}, 'Basic realm="https://x/",service="s"'))
    )
    response = http.get("/v2/")
    refused(response, 401, "UNAUTHORIZED")
    assert response.headers["WWW-Authenticate"] == 'Basic realm="https://x/",service="s"'
    assert http.get("/v2/", headers=authorization("ci", "secret")).status_code == 200
    for headers in (
        authorization("ci", "wrong"),
        authorization("", ""),
        {"Authorization": "Basic !"},
        {"Authorization": "x"},
    ):
        assert http.get("/v2/", headers=headers).status_code == 401


def test_a_challenge_in_plain_text(tmp_path: Path) -> None:
    challenge = Access.challenged('Basic realm="r"', b"Not Authorized\n")
    response = Client(OciRegistry(tmp_path, authorize=lambda _: challenge)).get("/v2/")
    assert (response.status_code, response.data, response.mimetype) == (
        401,
        b"Not Authorized\n",
        "text/plain",
    )


def test_a_denial(tmp_path: Path) -> None:
    denial = Access.denied("DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    response = Client(OciRegistry(tmp_path, authorize=lambda _: denial)).get("/v2/web/tags/list")
    assert refused(response, 403, "DENIED").startswith("Your authorization token has expired")
    assert "WWW-Authenticate" not in response.headers


@dataclass
class Bearer:
    tokens: TokenServer
    http: Client
    now: list[float]

    def token(self, scope: str, headers: dict[str, str] | None = None) -> dict[str, str]:
        response = Client(self.tokens).get("/token", query_string={"scope": scope}, headers=headers)
        assert response.json
        return {"Authorization": f"Bearer {response.json['token']}"}


@pytest.fixture
def bearer(tmp_path: Path) -> Bearer:
    now = [0.0]
    tokens = TokenServer({"ci": "secret"}, realm="https://auth/token", lifetime=60, clock=lambda: now[0])
    registry = OciRegistry(tmp_path, authorize=tokens.authorize)
    registry.create_repository("web")
    return Bearer(tokens, Client(registry), now)


def test_a_bearer_challenge_names_the_scope(bearer: Bearer) -> None:
    response = bearer.http.post("/v2/web/blobs/uploads/")
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="https://auth/token",service="registry",scope="repository:web:pull,push"'
    )
    assert "scope" not in bearer.http.get("/v2/").headers["WWW-Authenticate"]


def test_a_token_is_good_for_its_scope_and_time(bearer: Bearer) -> None:
    pull = bearer.token("repository:web:pull")
    push = bearer.token("repository:web:pull,push", authorization("ci", "secret"))
    assert bearer.http.get("/v2/web/tags/list", headers=pull).status_code == 200
    assert bearer.http.post("/v2/web/blobs/uploads/", headers=pull).status_code == 401
    assert bearer.http.post("/v2/web/blobs/uploads/", headers=push).status_code == 202
    assert bearer.http.post("/v2/api/blobs/uploads/", headers=push).status_code == 401
    bearer.now[0] = 60
    assert bearer.http.post("/v2/web/blobs/uploads/", headers=push).status_code == 401


def test_nobody_gets_a_push_token_without_a_password(bearer: Bearer) -> None:
    token = bearer.token("repository:web:pull,push")
    assert bearer.http.post("/v2/web/blobs/uploads/", headers=token).status_code == 401
    wrong = Client(bearer.tokens).get("/token", headers=authorization("ci", "wrong"))
    assert wrong.status_code == 401


def test_mounting_needs_to_read_the_source(bearer: Bearer) -> None:
    admin = authorization("ci", "secret")
    secret = bearer.token("repository:secret:pull,push", admin)
    bearer.http.post(f"/v2/secret/blobs/uploads/?digest={sha256(BLOB)}", data=BLOB, headers=secret)
    query = f"?mount={sha256(BLOB)}&from=secret"
    blind = bearer.token("repository:web:pull,push", admin)
    assert bearer.http.post(f"/v2/web/blobs/uploads/{query}", headers=blind).status_code == 202
    both = bearer.token("repository:web:pull,push repository:secret:pull", admin)
    assert bearer.http.post(f"/v2/web/blobs/uploads/{query}", headers=both).status_code == 201
