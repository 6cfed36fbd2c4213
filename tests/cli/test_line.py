"""The whole line on an emulated AWS, command by command, from an empty account."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path

from tests.commandline import Run


def test_an_app_goes_to_aws_and_back(
    run: Run, static_app: Path, aws: Mapping[str, str], tmp_path: Path
) -> None:
    env = {**aws, "KUBECONFIG": str(tmp_path / "kubeconfig")}

    built = run("build", env=env)
    assert built.code == 0
    assert "services.web.port" not in built.err, "a Dockerfile alone makes one service named after the folder"
    assert "8080" in built.err
    assert "EXPOSE" in built.err, "each inferred value is shown with its source"

    pushed = run("push", "--to", "aws", env=env)
    assert pushed.code == 0
    assert "pushed 1, new repository shop" in pushed.out
    again = run("push", "--to", "aws", env=env)
    assert "same digest" in again.out
    assert " 0 B " in again.out, "nothing is sent twice"

    early = run("deploy", "--to", "aws", env=env)
    assert early.code == 5
    assert "cluster" in early.err
    assert "clouddeploy cluster create --to aws" in early.err

    plan = run("cluster", "create", "--to", "aws", "--dry-run", env=env)
    assert plan.code == 0
    assert plan.out.count("create") >= 7
    assert "nothing was changed" in plan.err
    assert "VPC" not in run("cluster", "list", "--to", "aws", env=env).out

    assert run("cluster", "create", "--to", "aws", "--yes", env=env).code == 0
    second = run("cluster", "create", "--to", "aws", "--yes", "--dry-run", env=env)
    assert "create" not in second.out, "a second run keeps everything"
    assert "shop *" in run("cluster", "list", "--to", "aws", env=env).out
    shown = json.loads(run("cluster", "show", "--to", "aws", "-o", "json", env=env).out)
    assert {part["status"] for part in shown["resources"]} == {"ready"}

    context = run("cluster", "kubeconfig", "--to", "aws", env=env)
    assert context.code == 0
    assert stat.S_IMODE(Path(env["KUBECONFIG"]).stat().st_mode) == 0o600
    assert "token:" not in Path(env["KUBECONFIG"]).read_text()

    first = run("deploy", "--to", "aws", env=env)
    assert first.code == 0
    assert "healthy" in first.out
    unchanged = run("deploy", "--to", "aws", env=env)
    assert "created" not in unchanged.out
    assert "configured" not in unchanged.out

    status = json.loads(run("status", "--to", "aws", "-o", "json", env=env).out)
    (service,) = status[0]["services"]
    assert service["ready"] == service["desired"] == 1
    assert service["image"].endswith(service["digest"])
    assert service["digest"][7:19] in pushed.out, "what runs is what was pushed"

    removed = run("down", "--to", "aws", "--yes", env=env)
    assert "Deployment/shop" in removed.out
    assert "the app is not there" in run("down", "--to", "aws", "--yes", env=env).out
    deleted = run("cluster", "delete", "--to", "aws", "--yes", env=env)
    assert "nothing billed stays" in deleted.out
    assert "shop" not in run("cluster", "list", "--to", "aws", env=env).out


def test_the_token_command_of_a_kubeconfig_works_without_the_project(
    run: Run, aws: Mapping[str, str], tmp_path: Path
) -> None:
    missing = run(
        "cluster",
        "token",
        "--provider",
        "aws",
        "--cluster",
        "nope",
        "--region",
        "eu-west-1",
        env=aws,
        cwd=tmp_path,
    )
    assert missing.code == 5
    assert missing.out == "", "an exec plug-in prints a credential or nothing"


def test_render_needs_no_credentials(run: Run, static_app: Path) -> None:
    run("build")
    done = run("render", "--to", "aws")
    assert done.code == 0
    assert "kind: Deployment" in done.out
    assert "@sha256:" in done.out


def test_dry_runs_change_nothing(run: Run, static_app: Path, aws: Mapping[str, str]) -> None:
    done = run("push", "--to", "aws", "--dry-run", env=aws)
    assert done.code == 0
    assert "would push" in done.out
    assert run("deploy", "--to", "aws", "--tag", "never-pushed", env=aws).code == 5
