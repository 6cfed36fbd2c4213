"""`clouddeploy compare --against`: what a change costs, wherever the config is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_bad_input import one_error
from tests.commandline import Run

APP = """\
apiVersion: clouddeploy/v1
app: shop
services:
  web:
    image: nginx:1.29
    port: 8080
    replicas: {replicas}
    resources: {{cpu: 500m, memory: 512Mi}}
    expose: {{}}
"""


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def committed(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-f", ".")
    git(folder, "commit", "-qm", "before")


def growing(folder: Path, path: str = "clouddeploy.yaml") -> Path:
    """A repository whose app had 2 replicas on main and has 20 now."""
    config = folder / path
    config.parent.mkdir(exist_ok=True)
    config.write_text(APP.format(replicas=2))
    committed(folder)
    config.write_text(APP.format(replicas=20))
    return config


@pytest.fixture
def shop(folder: Path) -> Path:
    growing(folder)
    return folder


def changes(out: str) -> list[float]:
    """Every exact difference in the JSON."""
    return [float(one["usd_month"]) for one in json.loads(out)["against"]["changes"]]


def test_it_is_shown_for_every_cloud_and_lane(run: Run, shop: Path) -> None:
    found = changes(run("compare", "--against", "main", "-o", "json").out)
    assert len(found) == 8
    assert all(one > 0 for one in found)
    assert "### Against main" in run("compare", "--against", "main", "-o", "markdown").out


def test_it_fits_80_columns(run: Run, shop: Path) -> None:
    for region in ("us", "seoul"):
        out = run("compare", "--against", "main", "--region", region, env={"COLUMNS": "80"}).out
        assert "against main, any CPU" in out
        assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
        assert len([line for line in out.splitlines() if line.startswith("DOKS ")]) == 4


def test_more_of_what_has_no_price_is_no_exact_difference(run: Run, folder: Path) -> None:
    """An ACK load balancer has public addresses whose price is not known."""
    config = growing(folder)
    more = "".join(APP.format(replicas=2).partition("  web:")[1:]).replace("web", "api")
    config.write_text(APP.format(replicas=2) + more)
    done = run("compare", "--against", "main", "-o", "json", "--egress", "200")
    ack, *_ = (one for one in json.loads(done.out)["against"]["changes"] if one["provider"] == "alibaba")
    assert ack["usd_month"] is None
    assert ack["text"].startswith(">= +")
    assert ack["text"] in run("compare", "--against", "main", "-o", "markdown", "--egress", "200").out


@pytest.mark.parametrize("path", ["clouddeploy.yaml", "svc/app.yaml"])
def test_the_config_may_be_named_by_any_path(run: Run, folder: Path, path: str) -> None:
    config = growing(folder, path)
    below = folder / "below"
    below.mkdir()
    expected = changes(run("compare", "-c", path, "--against", "main", "-o", "json").out)
    assert min(expected) > 0
    for named, cwd in ((str(config), folder), (f"../{path}", below), (str(config), folder.parent)):
        out = run("compare", "-c", named, "--against", "main", "-o", "json", cwd=cwd).out
        assert changes(out) == expected
    variable = {"CLOUDDEPLOY_CONFIG": str(config)}
    assert changes(run("compare", "--against", "main", "-o", "json", env=variable).out) == expected


def test_a_build_context_outside_of_the_configs_folder_is_found(run: Run, folder: Path) -> None:
    (folder / "web").mkdir()
    (folder / "web" / "Dockerfile").write_text("FROM scratch\nEXPOSE 8080\n")
    (folder / "deploy").mkdir()
    config = folder / "deploy" / "app.yaml"
    text = APP.replace("image: nginx:1.29\n    port: 8080", "build: ../web")
    config.write_text(text.format(replicas=2))
    committed(folder)
    config.write_text(text.format(replicas=20))
    done = run("compare", "-c", "deploy/app.yaml", "--against", "main", "-o", "json")
    assert min(changes(done.out)) > 0


def test_gitattributes_do_not_matter(run: Run, folder: Path) -> None:
    (folder / ".gitattributes").write_text("*.yaml export-ignore eol=crlf filter=none-here\n")
    growing(folder)
    assert min(changes(run("compare", "--against", "main", "-o", "json").out)) > 0


def test_links_do_not_matter(run: Run, folder: Path) -> None:
    (folder / "absolute").symlink_to("/etc/hostname")
    (folder / "outside").symlink_to("../../elsewhere")
    (folder / "loop").symlink_to("loop")
    (folder / "config.yaml").symlink_to("clouddeploy.yaml")
    growing(folder)
    done = run("compare", "-c", "config.yaml", "--against", "main", "-o", "json")
    assert min(changes(done.out)) > 0


def test_a_dockerfile_of_any_name_is_found_also_through_links(run: Run, folder: Path) -> None:
    (folder / "web").mkdir()
    (folder / "web" / "release.docker").write_text("FROM scratch\nEXPOSE 8080\n")
    (folder / "linked").symlink_to("web")
    (folder / "web" / "latest").symlink_to("release.docker")
    (folder / "app.yaml").symlink_to("config/shop.yaml")
    (folder / "config").mkdir()
    config = folder / "config" / "shop.yaml"
    for name in ("release.docker", "latest"):
        build = f"build: {{context: linked, dockerfile: {name}}}"
        text = APP.replace("image: nginx:1.29\n    port: 8080", build.replace("{", "{{").replace("}", "}}"))
        config.write_text(text.format(replicas=2))
        committed(folder)
        config.write_text(text.format(replicas=20))
        done = run("compare", "-c", "app.yaml", "--against", "main", "-o", "json")
        assert min(changes(done.out)) > 0


def test_a_clone_without_files_reads_only_those_of_the_app(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "film.bin").write_bytes(os.urandom(2**21))
    growing(folder)
    git(folder, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", folder.as_uri(), str(clone))
    (clone / "clouddeploy.yaml").write_text(APP.format(replicas=20))
    assert min(changes(run("compare", "--against", "main", "-o", "json", cwd=clone).out)) > 0
    listed = ["git", "cat-file", "--batch-all-objects", "--batch-check"]
    assert subprocess.run(listed, cwd=clone, capture_output=True, text=True).stdout.count(" blob ") == 1


def test_what_cannot_be_compared_with_is_said(run: Run, folder: Path) -> None:
    config = folder / "clouddeploy.yaml"
    config.write_text(APP.format(replicas=2))
    one_error(run("compare", "--against", "main"), 2, "not a git repository", "leave out --against")
    committed(folder)
    one_error(run("compare", "--against", "nowhere"), 2, "name a branch, tag or commit: --against main")
    one_error(run("compare", "--against=-x"), 2, "-x is not a git revision")
    (folder / "new.yaml").write_text(APP.format(replicas=2))
    done = run("compare", "-c", "new.yaml", "--against", "main")
    one_error(done, 2, "at main: new.yaml does not exist")
    config.write_text("nonsense: 1\n")
    git(folder, "commit", "-qam", "broken")
    config.write_text(APP.format(replicas=2))
    one_error(run("compare", "--against", "main"), 2, "at main: clouddeploy.yaml:1:1:")
