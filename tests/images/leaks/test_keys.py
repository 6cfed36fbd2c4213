"""A private key is one when it is whole and opens without a passphrase; a header alone is not."""

from __future__ import annotations

import json

import pytest

from tests.images.leaks.samples import pem
from tests.images.leaks.scanning import kinds, scan


@pytest.mark.parametrize("kind", ["rsa", "pkcs1", "ec", "ed25519", "openssh"])
def test_a_whole_key_is_found(kind: str) -> None:
    (found,) = scan([("root/.ssh/id", pem(kind).encode())])
    assert (found.kind, found.path, found.line) == ("private key", "root/.ssh/id", 1)


def test_a_key_is_found_in_a_service_accounts_json_and_in_source_code() -> None:
    account = json.dumps({"type": "service_account", "private_key": pem()}, indent=1)
    script = "key = " + " +\n".join(f'"{line}\\n"' for line in pem().splitlines())
    code = "KEY = (\n" + "".join(f'    "{line}\\n"\n' for line in pem().splitlines()) + ")\n"
    files = [("sa.json", account.encode()), ("tool.py", code.encode()), ("x.ts", script.encode())]
    first, second, third = scan(files)
    assert (first.path, first.line, first.hint) == ("sa.json", 3, "of a Google service account")
    assert (second.path, second.line, second.kind) == ("tool.py", 2, "private key")
    assert (third.path, third.line, third.kind) == ("x.ts", 1, "private key")


@pytest.mark.parametrize("kind", ["rsa", "openssh"])
def test_a_key_behind_a_passphrase_may_be_shipped(kind: str) -> None:
    assert kinds([("id", pem(kind, b"correct horse").encode())]) == []


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_a_key_that_lacks_lines_is_none(cut: int) -> None:
    lines = pem().splitlines()
    kept = [lines[0], *lines[1:cut], lines[-1]]
    assert kinds([("docs.txt", "\n".join(kept).encode())]) == []


def test_certificates_and_public_keys_are_none() -> None:
    body = "\n".join(pem().splitlines()[1:-1])
    for header in ("CERTIFICATE", "PUBLIC KEY"):
        text = f"-----BEGIN {header}-----\n{body}\n-----END {header}-----\n"
        assert kinds([("tls.crt", text.encode())]) == []


def test_a_file_of_nothing_but_headers_costs_little() -> None:
    assert kinds([("hostile", b"-----BEGIN PRIVATE KEY-----\n" * 30_000)]) == []
