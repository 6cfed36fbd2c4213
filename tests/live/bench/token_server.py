"""A token server for the registry's bearer variant, as the distribution project specifies it.

`GET /token?service=…&scope=repository:NAME:ACTIONS` with Basic credentials answers a JWT signed
with the bench's key, whose certificate (signed by the bench's CA) is in its header.
Source: https://distribution.github.io/distribution/spec/auth/jwt/
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from werkzeug.wrappers import Request, Response

from clouddeploy.emulator.server import Server
from tests.live.bench import keys

if TYPE_CHECKING:
    from collections.abc import Iterable

LIFE = 60  # seconds


class TokenServer:
    """A WSGI application."""

    def __init__(self) -> None:
        pair = keys.pair("token")
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        der = x509.load_pem_x509_certificate(pair.certificate.read_bytes()).public_bytes(
            serialization.Encoding.DER
        )
        self._chain = [base64.b64encode(der).decode()]
        self._password = keys.password()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path != "/token":
            return Response("not found", 404)
        given = request.authorization
        if not given or (given.username, given.password) != (keys.USER, self._password):
            return Response("unauthorized", 401, {"WWW-Authenticate": 'Basic realm="bench"'})
        access = [_grant(scope) for scopes in request.args.getlist("scope") for scope in scopes.split()]
        token = self._sign(request.args.get("service", ""), access)
        body = {"token": token, "access_token": token, "expires_in": LIFE}
        return Response(json.dumps(body), content_type="application/json")

    def _sign(self, service: str, access: list[dict[str, Any]]) -> str:
        now = int(time.time())
        claims = {
            "iss": "clouddeploy-bench",
            "sub": keys.USER,
            "aud": service,
            "exp": now + LIFE,
            "nbf": now - 5,
            "iat": now,
            "jti": secrets.token_hex(8),
            "access": access,
        }
        header = {"typ": "JWT", "alg": "ES256", "x5c": self._chain}
        signed = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        first, second = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encode(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"


def _grant(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


if __name__ == "__main__":
    Server(TokenServer(), port=int(sys.argv[1]))
    threading.Event().wait()
