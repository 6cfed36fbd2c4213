"""What a person reads when an image with secrets in it is about to be pushed."""

from __future__ import annotations

import logging

import pytest

from clouddeploy.images.leaks import LayerGate, SecretsError, refuse_secrets
from clouddeploy.images.leaks.finding import Match
from tests.images.leaks.samples import PASSWORD, TOKENS, docker_config, layer, pem
from tests.images.leaks.scanning import DIGEST, scan

KEY = pem()
FILES = [
    ("root/.docker/config.json", docker_config(PASSWORD)),
    ("app/key.pem", KEY.encode()),
    ("app/.env", f"DB_PASSWORD={PASSWORD}\n".encode()),
    *[(f"app/{number}.py", token.encode()) for number, token in enumerate(TOKENS.values())],
]


def test_the_refusal_names_each_finding_and_what_to_do() -> None:
    with pytest.raises(SecretsError) as caught:
        refuse_secrets("shop/web", scan(FILES[1:3]))
    error = caught.value
    assert error.exit_code == 2
    first, *lines = error.message.splitlines()
    assert first == "shop/web has 2 secrets in it, and nothing was pushed"
    assert [line.split(" (")[0] for line in lines] == [
        "  app/.env:1: secret in .env DB_PASSWORD",
        "  app/key.pem:1: private key",
    ]
    assert error.fix
    assert "RUN --mount=type=secret" in error.fix
    assert "--allow-secrets" in error.fix


def test_a_finding_that_is_allowed_by_its_fingerprint_is_passed() -> None:
    findings = scan(FILES[1:3])
    refuse_secrets("shop/web", findings, {found.fingerprint for found in findings})
    with pytest.raises(SecretsError, match="1 secret in it"):
        refuse_secrets("shop/web", findings, {findings[0].fingerprint})


def test_a_gate_refuses_a_layer_at_its_end_and_lets_a_clean_one_pass() -> None:
    gate = LayerGate("shop/web")
    gate.feed(layer(FILES[1:2]))
    with pytest.raises(SecretsError, match=r"app/key\.pem:1: private key"):
        gate.verdict(DIGEST)
    clean = LayerGate("shop/web")
    clean.feed(layer([("app/main.py", b"print()\n")]))
    clean.verdict(DIGEST)


def test_a_long_list_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SecretsError, match="and 5 more"):
        refuse_secrets("shop/web", scan(FILES))


def test_no_secret_is_in_any_message_repr_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    findings = scan(FILES)
    with pytest.raises(SecretsError) as caught:
        refuse_secrets("shop/web", findings)
    said = f"{caught.value} {caught.value!r} {caught.value.fix} {findings!r} {caplog.text}"
    said += " ".join(map(str, findings)) + repr(Match(0, PASSWORD.encode()))
    for secret in (PASSWORD, *TOKENS.values(), *KEY.splitlines()[1:-1]):
        assert secret not in said
