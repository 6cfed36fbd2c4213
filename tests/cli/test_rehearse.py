"""A rehearsal: every command against an emulated cloud, whatever account the machine has."""

from __future__ import annotations

from pathlib import Path

from clouddeploy.cli.rehearse import stages
from tests.commandline import Run

SOMEBODYS = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "of-a-real-account",
    "CLOUDDEPLOY_DRY_RUN": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def test_the_first_app_that_can_be_built_goes_all_the_way(run: Run, static_app: Path, tmp_path: Path) -> None:
    """In spite of a profile that is not there, flags for other work, and a proxy."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM scratch\nRUN make\n")
    done = run("rehearse", str(other), str(static_app), env={**SOMEBODYS, "PATH": "/nowhere"})
    assert done.code == 0, done.err
    assert f"{other} cannot be built here: " in done.err
    assert f"rehearsing {static_app}, which needs no engine" in done.out
    lines = done.out.splitlines()
    table = lines[lines.index("rehearsal of shop on emulated aws") :]
    for stage in stages("shop"):
        words = " ".join(stage.arguments[:2]) if stage.arguments[0] == "cluster" else stage.arguments[0]
        assert any(line.startswith("✓") and words in line and stage.shows in line for line in table), words
    assert done.err.splitlines()[-1].startswith("→ clouddeploy push --to aws")


def test_an_app_that_cannot_be_built_says_what_to_install(run: Run, folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\nRUN make\n")
    done = run("rehearse", env={"PATH": "/nowhere"})
    assert done.code == 5
    assert "none of the apps can be built here" in done.err
    assert "fix: install docker, podman or buildah, or use a Dockerfile without RUN" in done.err
