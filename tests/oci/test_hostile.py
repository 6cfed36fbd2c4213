"""Registries that are broken or mean: what each of them gets, and what it never gets."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clouddeploy.contract import Login, Secret
from clouddeploy.errors import CloudDeployError, CredentialsError, NotFoundError, TemporaryError
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.descriptor import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, digest_of
from clouddeploy.oci.transport import Request, Transport
from clouddeploy.oci.urls import Origin
from tests.oci.conftest import PASSWORD
from tests.oci.scripted import Answer, Scripted, Seen
from tests.oci.waits import Waits

BLOB = b"0123456789" * 20_000
LAYER = Descriptor(OCI_LAYER_GZIP, digest_of(BLOB), len(BLOB))
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": Descriptor(OCI_CONFIG, digest_of(b"{}"), 2).to_json(),
        "layers": [],
    }
).encode()
DIGEST = digest_of(MANIFEST)
BASIC = {"WWW-Authenticate": 'Basic realm="registry"'}


def error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Answer(status, {"Content-Type": "application/json"}, body)


def manifest(body: bytes = MANIFEST, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(200, {"Content-Type": OCI_MANIFEST, **(headers or {})}, body)


def behind_basic(answer: Callable[[Seen], Answer]) -> Callable[[Seen], Answer]:
    """Asks for a login first."""
    return lambda seen: answer(seen) if "authorization" in seen.headers else Answer(401, BASIC)


def uploads(where: str, put: Answer) -> Callable[[Seen], Answer]:
    """Takes uploads at `where`."""

    def script(seen: Seen) -> Answer:
        if seen.method == "POST":
            return Answer(202, {"Location": where})
        return put if seen.method == "PUT" else Answer(404)

    return script


def upload(client: RegistryClient) -> None:
    client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB))


# What it says


def test_401_without_a_challenge(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: error(401, "UNAUTHORIZED", "go away")
    with pytest.raises(
        CredentialsError, match=r"does not allow us to read shop/web:v1: go away \(HTTP 401\)"
    ):
        client.get_manifest("shop/web", "v1")
    assert registry.authorizations() == []


def test_401_for_ever(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(401, {**BASIC, "Content-Type": "text/plain"}, b"Not Authorized\n")
    with pytest.raises(CredentialsError, match="read shop/web:v1: Not Authorized"):
        client.get_manifest("shop/web", "v1")
    assert len(registry.seen) == 2


def test_403_has_the_registrys_own_words(registry: Scripted, client: RegistryClient) -> None:
    words = "Your authorization token has expired. Reauthenticate and try again."
    registry.script = lambda _: error(403, "DENIED", words)
    with pytest.raises(CredentialsError) as caught:
        client.get_manifest("shop/web", "v1")
    assert (
        caught.value.message == f"{registry.host} does not allow us to read shop/web:v1: {words} (HTTP 403)"
    )
    assert caught.value.fix == f"check that the login for {registry.host} may read shop/web:v1"
    assert caught.value.code == "DENIED"
    assert caught.value.exit_code == 5
    assert len(registry.seen) == 1


def test_404_for_an_upload(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: error(404, "NAME_UNKNOWN", "no repository shop/web")
    with pytest.raises(NotFoundError, match="could not push to shop/web: no repository shop/web"):
        upload(client)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_down_for_ever(status: int, registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(status)
    with pytest.raises(TemporaryError, match=rf"for the moment: it answered HTTP {status}") as caught:
        client.get_manifest("shop/web", "v1")
    assert caught.value.exit_code == 75
    assert "run the same command again" in (caught.value.fix or "")
    assert len(registry.seen) == 3


@pytest.mark.parametrize(
    "failure", [Answer(500), Answer(503), Answer(hang_up=True), Answer(200, body=b"x" * 99, cut=9)]
)
def test_down_once(failure: Answer, registry: Scripted, client: RegistryClient) -> None:
    answers = iter([failure, manifest()])
    registry.script = lambda _: next(answers)
    assert client.get_manifest("shop/web", "v1")[0].digest == DIGEST


def test_a_list_that_breaks_off_once(registry: Scripted, client: RegistryClient) -> None:
    whole = Answer(200, body=b'{"tags": ["v1"]}')
    answers = iter([replace(whole, cut=5), whole])
    registry.script = lambda _: next(answers)
    assert client.tags("shop/web") == ["v1"]


def test_a_body_that_always_breaks_off(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: replace(manifest(), cut=9)
    with pytest.raises(TemporaryError, match="broke the connection off"):
        client.get_manifest("shop/web", "v1")
    assert len(registry.seen) == 3


def test_a_refusal_whose_words_break_off_is_one(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: replace(error(404, "MANIFEST_UNKNOWN", "no such tag"), cut=20)
    with pytest.raises(NotFoundError, match="it answered HTTP 404"):
        client.get_manifest("shop/web", "v1")
    assert len(registry.seen) == 1


def test_thanks_that_break_off_are_thanks(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(201, body=b"thank you", cut=5)
    assert client.put_manifest("shop/web", "v1", MANIFEST, OCI_MANIFEST) == DIGEST
    assert len(registry.seen) == 1


def test_retry_after_is_obeyed(registry: Scripted, client: RegistryClient, waits: Waits) -> None:
    answers = iter([Answer(429, {"Retry-After": "7"}), manifest()])
    registry.script = lambda _: next(answers)
    client.get_manifest("shop/web", "v1")
    assert waits.seconds == [7]


def test_a_silent_registry(registry: Scripted, waits: Waits) -> None:
    registry.script = lambda _: manifest(headers={"Content-Length": "100000"})
    client = RegistryClient(registry.host, timeout=0.2, retry=waits.retry)
    with client, pytest.raises(TemporaryError, match=f"{registry.host} stopped answering"):
        client.get_manifest("shop/web", "v1")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(200, {"Content-Type": "text/html"}, b"<html>log in</html>"), "it is not JSON"),
        (Answer(200, {"Content-Type": "application/json"}, b"{}"), "not a manifest of schema version 2"),
        (Answer(200, {"Content-Type": OCI_MANIFEST}, b"\xff\x00"), "it is not JSON"),
        (Answer(204), "HTTP 204"),
        (Answer(307, {"Location": "relative/forever"}), "redirects again and again"),
        (manifest(headers={"Docker-Content-Digest": "sha256:" + "0" * 64}), "another digest"),
        (manifest(b"{" + b" " * 5_000_000 + b"}"), "sent more than 4194304 bytes"),
    ],
)
def test_garbage(answer: Answer, why: str, registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: answer
    with pytest.raises(CloudDeployError, match=why) as caught:
        client.get_manifest("shop/web", "v1")
    assert caught.value.exit_code == 1
    assert registry.host in caught.value.message
    assert caught.value.fix


def test_garbage_behind_other_questions(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(200, {"Content-Type": "text/html"}, b"<html>")
    with pytest.raises(CloudDeployError, match="it is not JSON"):
        client.head_manifest("shop/web", "v1")
    with pytest.raises(CloudDeployError, match="no list of tags"):
        client.tags("shop/web")
    with pytest.raises(CloudDeployError, match="HTTP 200"):
        client.put_manifest("shop/web", "v1", MANIFEST, OCI_MANIFEST)
    with pytest.raises(CloudDeployError, match="HTTP 200"):
        upload(client)


def test_another_manifest_under_the_digest(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: manifest(MANIFEST + b" ", {"Docker-Content-Digest": DIGEST})
    with pytest.raises(CloudDeployError, match="the content has the digest"):
        client.get_manifest("shop/web", DIGEST)


def test_a_digest_that_is_a_path(registry: Scripted, client: RegistryClient) -> None:
    headers = {"Docker-Content-Digest": "sha256:../../etc/passwd"}
    registry.script = lambda _: manifest(headers=headers)
    with pytest.raises(CloudDeployError, match="not a sha256"):
        client.head_manifest("shop/web", "v1")


def test_lists_of_tags_that_do_not_end(registry: Scripted, client: RegistryClient) -> None:
    page = Answer(200, {"Link": '</v2/shop/web/tags/list?n=1&last=a>; rel="next"'}, b'{"tags": ["a"]}')
    registry.script = lambda _: page
    with pytest.raises(CloudDeployError, match="the list does not end"):
        client.tags("shop/web")


def test_the_next_page_of_tags_on_another_server(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    page = Answer(200, {"Link": f'<{elsewhere.url}/v2/shop/web/tags/list>; rel="next"'}, b'{"tags": ["a"]}')
    registry.script = behind_basic(lambda _: page)
    with pytest.raises(CloudDeployError, match="the next page: it is on another server"):
        client.tags("shop/web")
    assert elsewhere.seen == []


def test_its_words_are_cleaned(registry: Scripted, client: RegistryClient) -> None:
    words = f"\x1b[31mno\r\n{PASSWORD} https://s3.example/x?X-Amz-Signature=secret {'long ' * 100}"
    registry.script = lambda _: error(403, "DENIED", words)
    with pytest.raises(CredentialsError) as caught:
        client.get_manifest("shop/web", "v1")
    message = caught.value.message
    assert message.isprintable()
    assert PASSWORD not in message
    assert "Signature" not in message
    assert len(message) < 450


# What it gives


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (Answer(200, body=BLOB[:-1] + b"X"), CloudDeployError, "sent something else than sha256:"),
        (Answer(200, body=BLOB[:-1]), CloudDeployError, "sent something else than sha256:"),
        (Answer(200, body=BLOB + b"X"), CloudDeployError, "sent something else than sha256:"),
        (Answer(200, body=BLOB, cut=100_000), TemporaryError, "broke the connection off"),
    ],
)
def test_blobs_that_are_not_what_was_asked_for(
    answer: Answer, kind: type[CloudDeployError], why: str, registry: Scripted, client: RegistryClient
) -> None:
    registry.script = lambda _: answer
    with client.open_blob("shop/web", LAYER) as stream, pytest.raises(kind, match=why):
        stream.read()


# Uploads


def test_an_upload_elsewhere_gets_no_credentials(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(201)
    registry.script = behind_basic(uploads(f"{elsewhere.url}/bucket?signature=abc", Answer(201)))
    upload(client)
    assert elsewhere.paths("PUT") == [f"/bucket?signature=abc&digest={LAYER.digest}"]
    assert elsewhere.authorizations() == []
    assert elsewhere.seen[0].body == BLOB
    assert "cookie" not in elsewhere.seen[0].headers


def test_the_same_host_on_another_port_is_elsewhere(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(401, BASIC)
    registry.script = behind_basic(uploads(f"{elsewhere.url}/x", Answer(201)))
    with pytest.raises(CredentialsError, match=f"{elsewhere.host} does not allow"):
        upload(client)
    assert elsewhere.authorizations() == []


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/x", "https://169.254.169.254/x", "http://203.0.113.9/x", "gopher://x/"]
)
def test_uploads_that_would_go_to_bad_places(where: str, registry: Scripted, client: RegistryClient) -> None:
    registry.script = behind_basic(uploads(where, Answer(201)))
    with pytest.raises(CloudDeployError, match="unsafe URL for push to shop/web"):
        upload(client)
    assert registry.paths("PUT") == []


def test_an_upload_without_a_location(registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(202)
    with pytest.raises(CloudDeployError, match="sent no Location"):
        upload(client)


def test_a_lost_reply_to_the_closing_request_is_no_failure(
    registry: Scripted, client: RegistryClient
) -> None:
    kept: list[Seen] = []

    def script(seen: Seen) -> Answer:
        if seen.method == "HEAD":
            return Answer(200 if kept else 404)
        if seen.method == "PUT":
            kept.append(seen)
            return Answer(hang_up=True)
        return Answer(202, {"Location": "/u/1"})

    registry.script = script
    upload(client)
    assert [one.method for one in registry.seen] == ["POST", "PUT", "HEAD"]


@pytest.mark.parametrize(
    "failure", [Answer(500), Answer(429), Answer(hang_up=True), error(404, "BLOB_UPLOAD_UNKNOWN", "gone")]
)
def test_an_upload_that_fails_once_starts_again(
    failure: Answer, registry: Scripted, client: RegistryClient
) -> None:
    puts = iter([failure, Answer(201)])
    counted: list[int] = []

    def script(seen: Seen) -> Answer:
        if seen.method == "PUT":
            return next(puts)
        return Answer(202, {"Location": "/u/1"}) if seen.method == "POST" else Answer(404)

    registry.script = script
    client.upload_blob("shop/web", LAYER, lambda: io.BytesIO(BLOB), counted.append)
    asked_how_far = [] if failure.status == 404 else ["GET"]
    again = ["POST", "PUT", "HEAD", *asked_how_far, "POST", "PUT"]
    assert [one.method for one in registry.seen] == again
    assert sum(counted) == len(BLOB)


def test_an_upload_that_always_fails(registry: Scripted, client: RegistryClient) -> None:
    registry.script = uploads("/u/1", Answer(503))
    with pytest.raises(TemporaryError, match="could not push to shop/web for the moment"):
        upload(client)
    assert len(registry.paths("PUT")) == 3


def test_an_upload_that_is_kept_under_another_digest(registry: Scripted, client: RegistryClient) -> None:
    other = {"Docker-Content-Digest": "sha256:" + "0" * 64}
    registry.script = uploads("/u/1", Answer(201, other))
    with pytest.raises(CloudDeployError, match="it kept another digest"):
        upload(client)


def test_a_login_that_expires_in_the_middle_of_an_upload(registry: Scripted) -> None:
    passwords = iter(["first-password", "second-password"])

    def script(seen: Seen) -> Answer:
        if "authorization" not in seen.headers:
            return Answer(401, BASIC)
        if seen.method == "POST":
            return Answer(202, {"Location": "/u/1"})
        return Answer(201) if len(registry.paths("PUT")) == 2 else Answer(401, BASIC)

    registry.script = script
    with RegistryClient(registry.host, lambda: Login(registry.host, "ci", Secret(next(passwords)))) as client:
        upload(client)
    assert [one.body for one in registry.seen if one.method == "PUT"] == [BLOB, BLOB]
    assert len(set(registry.authorizations())) == 2


# Logins


def test_a_login_is_renewed_before_it_expires(registry: Scripted) -> None:
    registry.script = behind_basic(lambda _: manifest())
    asked: list[int] = []

    def login() -> Login:
        asked.append(1)
        minutes = 5 if len(asked) == 1 else 60
        return Login(registry.host, "ci", Secret(PASSWORD), datetime.now(UTC) + timedelta(minutes=minutes))

    with RegistryClient(registry.host, login) as client:
        for _ in range(3):
            client.get_manifest("shop/web", "v1")
    assert len(asked) == 2


def test_an_open_registry_never_sees_the_credentials(registry: Scripted) -> None:
    registry.script = lambda _: manifest()

    def login() -> Login:
        raise AssertionError("nobody asked")

    with RegistryClient(registry.host, login) as client:
        client.get_manifest("shop/web", "v1")
    assert registry.authorizations() == []


@pytest.mark.parametrize(
    "realm",
    [
        "http://169.254.169.254/token",
        "https://169.254.169.254/token",
        "http://auth.example.com/token",
        "https://auth.example.com/token",
        "file:///etc/passwd",
        "http://user@127.0.0.1/token",
        "/token",
    ],
)
def test_realms_that_never_get_the_credentials(
    realm: str, registry: Scripted, client: RegistryClient
) -> None:
    registry.script = lambda _: Answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'})
    with pytest.raises(CloudDeployError, match="unsafe URL for the login"):
        client.get_manifest("shop/web", "v1")
    assert client.requests == 1


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (Answer(200, body=b"{}"), CloudDeployError, "there is no token in its answer"),
        (Answer(200, body=b"[]"), CloudDeployError, "there is no token in its answer"),
        (Answer(200, body=b"<html>"), CloudDeployError, "there is no token in its answer"),
        (
            Answer(200, body=b'{"token": "a\\r\\nX-Evil: 1"}'),
            CloudDeployError,
            "there is no token in its answer",
        ),
        (
            Answer(200, body=b'{"token": "x", "expires_in": "soon"}'),
            CloudDeployError,
            "there is no token in its answer",
        ),
        (Answer(200, body=b" " * 300_000), CloudDeployError, "sent more than 262144 bytes"),
        (Answer(302, {"Location": "http://169.254.169.254/"}), CloudDeployError, "it answered HTTP 302"),
        (Answer(401), CredentialsError, "does not allow us to give a token"),
        (error(403, "DENIED", "plan limit reached"), CredentialsError, "plan limit reached"),
        (Answer(503), TemporaryError, "HTTP 503"),
    ],
)
def test_token_servers_that_give_no_token(
    answer: Answer,
    kind: type[CloudDeployError],
    why: str,
    registry: Scripted,
    elsewhere: Scripted,
    client: RegistryClient,
) -> None:
    elsewhere.script = lambda _: answer
    registry.script = lambda _: Answer(401, {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'})
    with pytest.raises(kind, match=why) as caught:
        client.get_manifest("shop/web", "v1")
    assert elsewhere.host in caught.value.message
    assert type(caught.value) is kind or kind is TemporaryError


def test_tokens_that_are_never_good_enough(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(200, body=b'{"token": "abc"}')
    registry.script = lambda _: Answer(401, {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'})
    with pytest.raises(CredentialsError):
        client.get_manifest("shop/web", "v1")
    assert len(registry.seen) + len(elsewhere.seen) <= 5


def test_what_a_token_server_is_asked(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    challenge = (
        f'Bearer realm="{elsewhere.url}/token?x=1",service="the registry",scope="repository:base:pull"'
    )
    elsewhere.script = lambda _: Answer(200, body=b'{"access_token": "abc"}')
    registry.script = lambda seen: (
        manifest() if "authorization" in seen.headers else Answer(401, {"WWW-Authenticate": challenge})
    )
    client.get_manifest("shop/web", "v1")
    assert elsewhere.paths("GET") == [
        "/token?x=1&service=the+registry&scope=repository%3Ashop%2Fweb%3Apull&scope=repository%3Abase%3Apull&account=ci"
    ]
    assert registry.authorizations() == ["Bearer abc"]
    client.get_manifest("shop/api", "v1")
    assert elsewhere.paths("GET")[1:] == [
        "/token?x=1&service=the+registry&scope=repository%3Ashop%2Fapi%3Apull&account=ci"
    ]


def test_a_token_is_renewed_before_it_expires(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    lives = iter([0.2, 300.0])
    elsewhere.script = lambda _: Answer(
        200, body=json.dumps({"token": "t", "expires_in": next(lives)}).encode()
    )
    challenge = {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'}
    registry.script = lambda seen: manifest() if "authorization" in seen.headers else Answer(401, challenge)
    client.get_manifest("shop/web", "v1")
    time.sleep(0.15)
    client.get_manifest("shop/web", "v1")
    client.get_manifest("shop/web", "v1")
    assert (len(elsewhere.seen), len(registry.seen)) == (2, 4)


def test_a_token_that_the_registry_repeats_is_not_shown(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(200, body=b'{"token": "very-secret-token"}')
    challenge = {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token"'}

    def script(seen: Seen) -> Answer:
        if "authorization" not in seen.headers:
            return Answer(401, challenge)
        sent = seen.headers["authorization"].removeprefix("Bearer ")
        return error(403, "DENIED", f"{sent} is not enough")

    registry.script = script
    with pytest.raises(CredentialsError, match=r"\*\*\* is not enough"):
        client.get_manifest("shop/web", "v1")


# Redirects


def test_a_redirected_download_gets_no_credentials(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(200, body=BLOB)
    registry.script = behind_basic(
        lambda _: Answer(307, {"Location": f"{elsewhere.url}/bucket?signature=abc"})
    )
    with client.open_blob("shop/web", LAYER) as stream:
        assert stream.read() == BLOB
    assert elsewhere.paths("GET") == ["/bucket?signature=abc"]
    assert elsewhere.authorizations() == []


def test_a_redirect_at_home_keeps_them(registry: Scripted, client: RegistryClient) -> None:
    def script(seen: Seen) -> Answer:
        return Answer(200, body=BLOB) if seen.path == "/moved" else Answer(302, {"Location": "/moved"})

    registry.script = behind_basic(script)
    with client.open_blob("shop/web", LAYER) as stream:
        assert stream.read() == BLOB
    assert registry.seen[-1].path == "/moved"
    assert "authorization" in registry.seen[-1].headers


def test_who_is_redirected_to_does_not_get_them_by_asking(
    registry: Scripted, elsewhere: Scripted, client: RegistryClient
) -> None:
    elsewhere.script = lambda _: Answer(401, BASIC)
    registry.script = behind_basic(lambda _: Answer(307, {"Location": elsewhere.url}))
    with pytest.raises(CredentialsError, match=elsewhere.host):
        client.open_blob("shop/web", LAYER)
    assert elsewhere.authorizations() == []


@pytest.mark.parametrize(
    "where",
    ["http://169.254.169.254/", "https://169.254.169.254/", "http://203.0.113.9/", "file:///etc/passwd"],
)
def test_redirects_to_bad_places(where: str, registry: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(307, {"Location": where})
    with pytest.raises(CloudDeployError, match="unsafe URL"):
        client.open_blob("shop/web", LAYER)
    assert client.requests == 1


def test_writes_are_not_redirected(registry: Scripted, elsewhere: Scripted, client: RegistryClient) -> None:
    registry.script = lambda _: Answer(307, {"Location": elsewhere.url})
    with pytest.raises(CloudDeployError, match="HTTP 307"):
        client.put_manifest("shop/web", "v1", MANIFEST, OCI_MANIFEST)
    assert elsewhere.seen == []


def test_a_name_that_leads_inside_is_found_out_before_anything_is_sent(elsewhere: Scripted) -> None:
    transport = Transport(5)
    transport.at_home(Origin.of("https://registry.example.com"))
    url = elsewhere.url
    with pytest.raises(
        CloudDeployError, match=r"registry\.example\.com sent us to 127\.0\.0\.1, which is an internal"
    ):
        transport.exchange(Request("GET", url, "read", ""), url, {"Authorization": "Basic secret"})
    assert elsewhere.seen == []
    transport.close()


def test_a_user_name_that_is_the_password_is_not_put_into_the_url(
    registry: Scripted, elsewhere: Scripted
) -> None:
    elsewhere.script = lambda _: Answer(200, body=b'{"token": "abc"}')
    challenge = f'Bearer realm="{elsewhere.url}/token",service="s"'
    registry.script = lambda seen: (
        manifest() if "authorization" in seen.headers else Answer(401, {"WWW-Authenticate": challenge})
    )
    secret = "the-same-token-twice"
    with RegistryClient(registry.host, lambda: Login(registry.host, secret, Secret(secret))) as client:
        client.get_manifest("shop/web", "v1")
    assert all(secret not in path for path in elsewhere.paths("GET"))
