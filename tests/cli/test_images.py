"""The images commands and search, on a plug-in's cloud: what is there, who uses it, what may go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.conformance.images import TinyImage
from clouddeploy.kube.client import connect
from clouddeploy.kube.kinds import DEPLOYMENT
from clouddeploy.oci.client import RegistryClient
from clouddeploy.oci.keychain import keep_login
from clouddeploy.push import push_image
from tests.cli.conftest import Zeta
from tests.cli.test_bad_input import one_error
from tests.commandline import Ran, Run

Images = Callable[..., Ran]
MONTHS = ("2026-01", "2026-02", "2026-03")


def address(zeta: Zeta) -> str:
    """Of the target's repository shop/web: the plug-in's registry has a folder for each project."""
    return f"{zeta.cloud._registry.host}/default/shop/web"


@pytest.fixture
def digests(zeta: Zeta) -> list[str]:
    """Three images of shop/web: v1, v2, v3, made in three months."""
    host, login = zeta.cloud._registry.host, zeta.login
    found = []
    with RegistryClient(host, lambda: login) as client:
        for number, month in enumerate(MONTHS, 1):
            image = TinyImage(month, created=f"{month}-01T00:00:00Z")
            push_image(image, address(zeta), [f"v{number}"], client)
            found.append(image.manifest.digest)
    return found


@pytest.fixture
def images(run: Run, zeta: Zeta, digests: list[str]) -> Images:
    """Run `clouddeploy images …` where there are images."""
    assert digests
    return lambda *words, **env: run("images", *words, env={**zeta.env, **env})


@pytest.fixture
def cluster(run: Run, zeta: Zeta) -> Any:
    """The target's cluster."""
    assert run("cluster", "create", "--yes", env=zeta.env).code == 0
    return zeta.cloud._state.clusters["shop"].kubernetes


def run_image(cluster: Any, image: str) -> None:
    """A Deployment of an image, in a namespace that is not the app's."""
    labels = {"app": "other"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "other", "image": image}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    body = {
        "apiVersion": DEPLOYMENT.version,
        "kind": DEPLOYMENT.name,
        "metadata": {"name": "other"},
        "spec": spec,
    }
    with connect(cluster.admin) as kube:
        kube._http.post("/apis/apps/v1/namespaces/default/deployments", json=body)


class TestLs:
    def test_one_row_per_tag_newest_first(self, images: Images, digests: list[str]) -> None:
        done = images("ls")
        assert done.code == 0
        rows = [line.split() for line in done.out.splitlines()]
        assert rows[0] == ["TARGET", "REPOSITORY", "TAG", "DIGEST", "SIZE", "PUSHED", "USED", "BY"]
        short = [digest[7:19] for digest in digests]
        assert [row[:4] for row in rows[1:]] == [
            ["zeta", "shop/web", f"v{number}", short[number - 1]] for number in (3, 2, 1)
        ]

    def test_as_json_with_whole_digests(self, images: Images, digests: list[str]) -> None:
        found = json.loads(images("ls", "-o", "json").out)
        assert [one["digest"] for one in found] == digests[::-1]
        assert found[0]["tags"] == ["v3"]
        assert found[0]["pushed"] == "2026-03-01T00:00:00+00:00"
        assert found[0]["used_by"] == []

    def test_who_uses_it(self, images: Images, zeta: Zeta, cluster: Any, digests: list[str]) -> None:
        run_image(cluster, f"{address(zeta)}:v2@{digests[1]}")
        line = next(line for line in images("ls").out.splitlines() if " v2 " in line)
        assert line.rstrip().endswith("zeta/other")
        found = json.loads(images("ls", "-o", "json").out)
        use = {
            "target": "zeta",
            "namespace": "default",
            "kind": "Deployment",
            "name": "other",
            "release": None,
        }
        assert use in found[1]["used_by"]

    def test_any_repository_of_the_target(self, images: Images) -> None:
        assert "v3" in images("ls", "shop/web").out
        one_error(images("ls", "shop/nothing"), 5, "shop/nothing")
        assert "shop/web" in images("ls", "--all").out

    def test_any_registry_with_dockers_login(self, images: Images, zeta: Zeta, tmp_path: Path) -> None:
        full = f"{address(zeta)}"
        refused = images("ls", full)
        one_error(refused, 5, "does not allow us")
        folder = str(tmp_path / "docker")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_CONFIG", folder)
            keep_login(zeta.login)
        done = images("ls", full, DOCKER_CONFIG=folder)
        assert done.code == 0
        assert "v3" in done.out
        assert "TARGET" not in done.out

    def test_nothing_there_says_what_to_do(self, run: Run, zeta: Zeta) -> None:
        done = run("images", "ls", env=zeta.env)
        assert done.code == 0
        assert "clouddeploy push --to zeta" in done.err

    def test_names_with_and_without_a_host_do_not_mix(self, images: Images) -> None:
        one_error(images("ls", "shop/web", "ghcr.io/acme/web"), 2, "some names have a host")


class TestTag:
    def test_new_tags(self, images: Images, digests: list[str]) -> None:
        done = images("tag", "shop/web:v1", "stable", "v2")
        assert done.code == 0
        assert "new" in done.out
        assert f"moved from {digests[1][7:19]}" in done.out
        assert "clouddeploy deploy --to zeta --tag stable" in done.err
        found = json.loads(images("ls", "-o", "json").out)
        assert {"stable", "v1", "v2"} == set(found[-1]["tags"])

    def test_by_digest(self, images: Images, digests: list[str]) -> None:
        done = images("tag", f"shop/web@{digests[2]}", "stable", "-o", "json")
        assert json.loads(done.out) == [
            {
                "target": "zeta",
                "repository": "shop/web",
                "tag": "stable",
                "digest": digests[2],
                "before": None,
            }
        ]

    def test_a_dry_run_changes_nothing(self, images: Images) -> None:
        done = images("tag", "shop/web:v1", "stable", "--dry-run")
        assert "would tag shop/web:v1 on zeta as stable" in done.out
        assert "stable" not in images("ls").out

    def test_what_is_wrong(self, images: Images) -> None:
        one_error(images("tag", "shop/web", "stable"), 2, "does not say which image", "shop/web:TAG")
        one_error(images("tag", "shop/web:v1", "not a tag"), 2, "is no tag")
        one_error(images("tag", "shop/web:v9", "stable"), 5, "v9")


class TestPrune:
    def test_shows_the_plan_and_asks(self, images: Images) -> None:
        done = images("prune", "--keep", "1")
        one_error(done, 2, "delete 2 images", "--yes")
        assert done.out.count("delete") == 2
        assert "newest 1" in done.out
        assert images("ls").out.count("shop/web") == 3

    def test_a_dry_run_names_the_command_that_deletes(self, images: Images) -> None:
        done = images("prune", "--keep", "2", "--dry-run")
        assert done.code == 0
        assert "nothing was changed" in done.err
        assert "clouddeploy images prune --keep 2 --to zeta" in done.err
        assert images("ls").out.count("shop/web") == 3

    def test_deletes_the_oldest(self, images: Images) -> None:
        done = images("prune", "--keep", "1", "--yes")
        assert done.code == 0
        assert "2 images deleted" in done.err
        assert "garbage collection" in done.err
        assert images("ls", "--all").out.count("shop/web") == 1

    def test_never_what_runs(self, images: Images, zeta: Zeta, cluster: Any, digests: list[str]) -> None:
        run_image(cluster, f"{address(zeta)}@{digests[0]}")
        done = images("prune", "--keep", "1", "--yes", "-o", "json")
        assert {one["tags"][0]: (one["action"], one["why"]) for one in json.loads(done.out)} == {
            "v3": ("keep", "newest 1"),
            "v2": ("delete", "beyond newest 1"),
            "v1": ("keep", "used by zeta/other"),
        }
        assert images("ls").out.count("shop/web") == 2

    def test_never_a_tag_that_is_to_be_kept(self, images: Images) -> None:
        assert images("prune", "--keep", "1", "--keep-tag", "v1*", "--yes").code == 0
        assert [one["tags"] for one in json.loads(images("ls", "-o", "json").out)] == [["v3"], ["v1"]]

    def test_never_when_a_cluster_does_not_answer(self, images: Images, zeta: Zeta, cluster: Any) -> None:
        cluster.close()
        done = images("prune", "--keep", "1", "--yes")
        one_error(done, 5, "what runs on zeta is unknown, so nothing was deleted", "--ignore-cluster zeta")
        assert images("prune", "--keep", "1", "--yes", "--ignore-cluster", "zeta").code == 0
        zeta.cloud.reset()

    def test_nothing_to_delete(self, images: Images) -> None:
        done = images("prune", "--keep", "9")
        assert done.code == 0
        assert "there is nothing to delete" in done.err

    @pytest.mark.parametrize("words", [(), ("--keep", "0"), ("--keep", "many")])
    def test_how_many_has_to_be_said(self, images: Images, words: tuple[str, ...]) -> None:
        assert images("prune", *words).code == 2


class TestSearch:
    def test_by_a_part_of_the_name(self, run: Run, images: Images, zeta: Zeta) -> None:
        assert images("tag", "shop/web:v3", "latest").code == 0
        done = run("search", "we", env=zeta.env)
        assert done.code == 0
        assert done.out.splitlines()[1].split()[:3] == ["zeta", "shop/web", "3"]
        assert "clouddeploy images ls shop/web --to zeta" in done.err

    def test_by_tag(self, run: Run, images: Images, zeta: Zeta) -> None:
        assert images
        (found,) = json.loads(run("search", "shop/*:v[12]", "-o", "json", env=zeta.env).out)
        assert [one["tags"] for one in found["images"]] == [["v2"], ["v1"]]

    def test_nothing_fits(self, run: Run, images: Images, zeta: Zeta) -> None:
        assert images
        done = run("search", "nowhere", env=zeta.env)
        assert (done.code, done.out) == (0, "")
        assert "nothing fits in zeta" in done.err
