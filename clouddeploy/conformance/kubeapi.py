"""Asks a cluster's API, with the access that a provider gives and nothing else."""

from __future__ import annotations

import ssl
from pathlib import Path

import urllib3

from clouddeploy.contract import ClientCertificate, Credential, KubeAccess, Token


def ask(access: KubeAccess, credential: Credential, path: str, scratch: Path) -> int:
    """The HTTP status of `GET path`; a certificate that `access.ca` did not sign is an error."""
    context = ssl.create_default_context(cadata=access.ca)
    if isinstance(credential, ClientCertificate):
        pair = scratch / "client.pem"
        pair.touch(mode=0o600)
        pair.write_text(credential.certificate + credential.key.reveal())
        context.load_cert_chain(pair)
    headers = {}
    if isinstance(credential, Token):
        headers["Authorization"] = f"Bearer {credential.value.reveal()}"
    with urllib3.PoolManager(ssl_context=context, retries=False, timeout=60) as pool:
        return pool.request("GET", f"{access.server}{path}", headers=headers).status
