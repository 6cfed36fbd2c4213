"""`doctor` says in one line for each thing what is there, what is missing, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Zeta
from tests.cli.test_bad_input import one_error
from tests.cli.zeta import CONFIG
from tests.commandline import Run


def test_what_is_there_what_is_not_and_what_to_do(run: Run, zeta: Zeta) -> None:
    done = run("doctor", env=zeta.env)
    assert done.code == 0, "a cluster that is not made yet is no failure"
    lines = [" ".join(line.split()) for line in done.out.splitlines()[1:]]
    assert lines == [
        "✓ zeta credentials somebody@zeta.example of account acct-1",
        "? zeta cluster shop is not there",
        "fix: clouddeploy cluster create",
    ]
    assert "→ clouddeploy cluster create --to zeta   nothing that was asked is missing" in done.err
    assert zeta.cloud.writes() == 0


def test_without_credentials_it_says_how_to_get_them_and_tells_it_once(run: Run, zeta: Zeta) -> None:
    done = run("doctor", env={**zeta.env, "ZETA_TOKEN": ""})
    one_error(done, 5, "1 of 2 checks failed", "clouddeploy doctor --to zeta")
    assert done.out.count("there are no Zeta credentials") == 1
    assert "fix: export ZETA_TOKEN" in done.out
    assert "not found out: see credentials" in done.out
    assert "to start with zeta\n1. sign up: https://zeta.example/sign-up" in done.out


def test_credentials_of_another_account_are_told_without_a_sign_up(
    run: Run, zeta: Zeta, folder: Path
) -> None:
    (folder / "clouddeploy.yaml").write_text(
        CONFIG.replace("provider: zeta", "provider: zeta, account: acct-7")
    )
    done = run("doctor", env=zeta.env)
    assert done.code == 5
    assert "the target belongs to account acct-7, the credentials to acct-1" in done.out
    assert "correct targets.zeta.account" in done.out
    assert "sign up" not in done.out


def test_all_targets_are_asked_unless_some_are_named(run: Run, zeta: Zeta, folder: Path) -> None:
    more = "  lab: {provider: kubernetes, context: lab}\n"
    (folder / "clouddeploy.yaml").write_text(CONFIG + more)
    everything = run("doctor", "-o", "json", env=zeta.env)
    assert everything.code == 5
    first, second = json.loads(everything.out)
    assert (first["target"], first["provider"], first["ok"]) == ("zeta", "zeta", True)
    assert first["checks"][0] == {
        "title": "credentials",
        "ok": True,
        "detail": "somebody@zeta.example of account acct-1",
        "fix": None,
    }
    assert (second["target"], second["ok"]) == ("lab", False)
    assert run("doctor", "--to", "zeta", env=zeta.env).code == 0


def test_no_app_is_needed_to_ask_for_a_provider(run: Run, zeta: Zeta, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("doctor", "--to", "zeta", env=zeta.env, cwd=empty).code == 0
    one_error(run("doctor", env=zeta.env, cwd=empty), 2, "no clouddeploy.yaml")
    one_error(run("doctor", "--to", "zetta", env=zeta.env, cwd=empty), 2, 'did you mean "zeta"')


def test_the_policy_is_printed_ready_to_paste(run: Run, zeta: Zeta, folder: Path) -> None:
    done = run("doctor", "--policy", env=zeta.env)
    assert (done.code, done.out) == (0, "scopes of the token: account:read clusters:write registry:write\n")
    (folder / "clouddeploy.yaml").write_text(CONFIG + "  lab: {provider: kubernetes, context: lab}\n")
    several = run("doctor", "--policy", env=zeta.env)
    assert (several.code, several.out) == (0, done.out)
    assert "lab: the provider kubernetes states no policy" in several.err


def test_policies_of_several_targets_are_one_document(run: Run, zeta: Zeta, folder: Path) -> None:
    more = "  other: {provider: zeta}\n  aws: {provider: aws, region: eu-west-1}\n"
    (folder / "clouddeploy.yaml").write_text(CONFIG + more)
    first, second, third = json.loads(run("doctor", "--policy", "-o", "json", env=zeta.env).out)
    scopes = "scopes of the token: account:read clusters:write registry:write"
    assert first == {"target": "zeta", "provider": "zeta", "policy": scopes}
    assert second == {**first, "target": "other"}
    assert third["policy"]["Version"] == "2012-10-17", "JSON stays JSON"


def test_a_cloud_that_is_down_is_no_defect(run: Run, zeta: Zeta) -> None:
    zeta.cloud.faults.outage(3600)
    done = run("doctor", env=zeta.env)
    one_error(done, 5, "1 of 2 checks failed")
    assert "Zeta is busy" in done.out
