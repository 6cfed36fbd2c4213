"""What the seam promises to providers and to the core."""

from __future__ import annotations

import base64
import copy
import dataclasses
import inspect
import json
import logging
import re
import subprocess
import sys
import traceback
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from clouddeploy import contract, errors
from clouddeploy.contract import ClientCertificate, KubeAccess, Login, Secret, Token, redact

PLAIN = 's3cr3t/päss"word+1'
RECORDS = [
    value for _, value in inspect.getmembers(contract, inspect.isclass) if dataclasses.is_dataclass(value)
]
ERRORS = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, errors.CloudDeployError)
]


class TestSecret:
    @pytest.mark.parametrize(
        "shown",
        [
            repr(Secret(PLAIN)),
            str(Secret(PLAIN)),
            f"{Secret(PLAIN)}",
            f"{Secret(PLAIN)!r:>20}",
            "%s" % Secret(PLAIN),  # noqa: UP031 - logging formats in this way
            repr([Secret(PLAIN)]),
            repr(Login("ghcr.io", "me", Secret(PLAIN))),
            repr(Token(Secret(PLAIN), datetime.now(UTC))),
            repr(ClientCertificate("cert", Secret(PLAIN))),
            repr(KubeAccess("https://x", None, lambda: Token(Secret(PLAIN)))),
            repr(dataclasses.asdict(Login("ghcr.io", "me", Secret(PLAIN)))),
            repr(copy.deepcopy(Secret(PLAIN))),
        ],
    )
    def test_is_not_shown(self, shown: str) -> None:
        assert PLAIN not in shown

    def test_is_not_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        logging.getLogger("x").warning("logging in with %s %r", Secret(PLAIN), Secret(PLAIN))
        assert PLAIN not in caplog.text

    def test_is_not_in_a_traceback_of_its_use(self) -> None:
        with pytest.raises(TypeError) as caught:
            json.dumps({"password": Secret(PLAIN)})
        assert PLAIN not in "".join(traceback.format_exception(caught.value))

    def test_is_revealed_when_asked(self) -> None:
        assert Secret(PLAIN).reveal() == PLAIN

    def test_compares_by_value_and_only_with_secrets(self) -> None:
        assert Secret(PLAIN) == Secret(PLAIN)
        assert Secret(PLAIN) != Secret("other")
        assert Secret(PLAIN) != PLAIN
        assert len({Secret(PLAIN), Secret(PLAIN)}) == 1


class TestRedact:
    @pytest.mark.parametrize(
        "form",
        [
            PLAIN,
            base64.b64encode(PLAIN.encode()).decode(),
            quote(PLAIN, safe=""),
            json.dumps(PLAIN),
        ],
    )
    def test_masks_every_form_of_a_known_secret(self, form: str) -> None:
        Secret(PLAIN)
        masked = redact(f"before {form} after")
        assert form.strip('"') not in masked
        assert re.fullmatch(r'before "?\*\*\*=*"? after', masked)

    def test_masks_the_longer_of_two_whole(self) -> None:
        Secret("overlapping")
        Secret("overlapping-and-longer")
        assert redact("overlapping-and-longer") == "***"

    def test_leaves_other_text_and_short_words(self) -> None:
        Secret("web")
        assert redact("the web is up") == "the web is up"


class TestRecords:
    @pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
    def test_is_frozen_and_explained(self, record: type) -> None:
        assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert not str(record.__doc__).startswith(f"{record.__name__}(")

    def test_a_provider_can_do_little_unless_it_says_so(self) -> None:
        optional = {field.name for field in dataclasses.fields(contract.Provider) if field.default is None}
        assert optional == {
            "provisioner",
            "nodes",
            "doctor",
            "images",
            "inventory",
            "room",
            "let_pull",
        }

    def test_the_seam_is_small(self) -> None:
        protocols = [
            contract.Step,
            contract.Registry,
            contract.Clusters,
            contract.Provisioner,
            contract.Nodes,
            contract.Doctor,
        ]
        members = [name for protocol in protocols for name in vars(protocol) if not name.startswith("_")]
        assert len(members) <= 20

    def test_needs_only_the_standard_library(self) -> None:
        script = "import sys\nimport clouddeploy.contract, clouddeploy.errors\nprint(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=100
        )
        heavy = {"boto3", "lightkube", "pydantic", "rich", "typer", "urllib3", "yaml", "jinja2"}
        assert not heavy & {name.partition(".")[0] for name in done.stdout.split()}


class TestErrors:
    def test_the_drawn_tree_is_the_real_one(self) -> None:
        drawn = dict(re.findall(r"(\w+Error)\s+(\d+)\s", str(errors.__doc__)))
        assert drawn == {kind.__name__: str(kind.exit_code) for kind in ERRORS}

    @pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
    def test_carries_what_a_person_needs(self, kind: type[errors.CloudDeployError]) -> None:
        error = kind("it broke", fix="mend it", code="E1")
        assert (error.message, error.fix, error.code, str(error)) == ("it broke", "mend it", "E1", "it broke")
        assert (kind("it broke").fix, kind("it broke").code) == (None, None)

    def test_one_except_catches_all_and_nothing_else(self) -> None:
        assert all(issubclass(kind, errors.CloudDeployError) for kind in ERRORS)
        assert not issubclass(KeyboardInterrupt, errors.CloudDeployError)

    def test_no_exit_code_means_something_else_to_a_shell(self) -> None:
        codes = {kind.exit_code for kind in ERRORS}
        assert not codes & {0, 3, 126, 127, 130}
        assert max(codes) < 126
