"""Making, changing and deleting clusters, and what all of it costs, on a plug-in's cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clouddeploy import clusters
from clouddeploy.cli import run as cli
from clouddeploy.emulator.faults import Request
from clouddeploy.kube.client import connect
from clouddeploy.kube.kinds import CLAIM, SERVICE, Kind
from tests.cli.conftest import Zeta
from tests.cli.test_bad_input import one_error
from tests.commandline import Ran, Run

Cluster = Callable[..., Ran]


@pytest.fixture
def cluster(run: Run, zeta: Zeta) -> Cluster:
    """Run `clouddeploy cluster …` for the plug-in's target."""
    return lambda *words, **env: run("cluster", *words, env={**zeta.env, **env})


@pytest.fixture
def made(cluster: Cluster) -> None:
    """The cluster is there."""
    assert cluster("create", "--yes").code == 0


def settings(zeta: Zeta) -> dict[str, Any]:
    """What the cloud was told about the cluster."""
    found: dict[str, Any] = zeta.cloud._state.clusters["shop"].settings
    return found


def put(zeta: Zeta, kind: Kind, name: str, **content: Any) -> None:
    """Make an object in the cluster, as its users do."""
    metadata = {"name": name, **content.pop("metadata", {})}
    body = {"apiVersion": kind.version, "kind": kind.name, "metadata": metadata, **content}
    with connect(zeta.cloud._state.clusters["shop"].kubernetes.admin) as kube:
        kube._http.post(f"/api/v1/namespaces/default/{kind.plural}", json=body)


def load_balancer(zeta: Zeta) -> None:
    put(zeta, SERVICE, "web", spec={"type": "LoadBalancer", "ports": [{"port": 80}]})


def about_tokens(request: Request) -> bool:
    return request.path.endswith("/token")


def test_a_dry_run_shows_the_plan_and_the_price_and_changes_nothing(cluster: Cluster, zeta: Zeta) -> None:
    done = cluster("create", "--dry-run", "--nodes", "3")
    assert done.code == 0
    assert "create" in done.out
    assert "72.00" in done.out
    assert "3 x standard-2" in done.out
    assert ">= 72.00 (+1 unknown)" in done.out, "what is not known is not counted as nothing"
    assert "nothing was changed" in done.err
    assert zeta.cloud.writes() == 0


def test_the_price_is_shown_before_the_question(cluster: Cluster, zeta: Zeta) -> None:
    refused = cluster("create")
    one_error(refused, 2, "billed for >= 48.00 (+1 unknown) USD a month", "--yes")
    assert "48.00" in refused.out
    assert zeta.cloud.writes() == 0


def test_a_cluster_is_made_as_it_is_wished(cluster: Cluster, zeta: Zeta) -> None:
    wishes = ("--nodes", "4", "--version", "1.34", "--cpus", "2", "--memory", "8Gi", "--no-ha")
    assert cluster("create", "--yes", *wishes).code == 0
    assert settings(zeta) == {"nodes": 4, "version": "1.34"}


@pytest.mark.parametrize("more", [("--dry-run",), ("--yes",), ()])
def test_a_wish_that_is_not_offered_is_refused_before_the_price(
    more: tuple[str, ...], cluster: Cluster, zeta: Zeta
) -> None:
    done = cluster("create", "--version", "1.99", *more)
    one_error(done, 2, "Zeta offers no 1.99", "1.33, 1.34")
    assert "USD/MONTH" not in done.out
    assert zeta.cloud.writes() == 0


@pytest.mark.usefixtures("made")
def test_a_dry_run_that_would_be_refused_ends_as_the_run_would(cluster: Cluster, zeta: Zeta) -> None:
    zeta.cloud.disown("shop")
    done = cluster("create", "--dry-run")
    one_error(done, 5, "was not made by clouddeploy", "nothing was changed")
    assert "refuse" in done.out


@pytest.mark.usefixtures("made")
def test_a_cluster_that_is_there_is_compared_with_the_wishes(cluster: Cluster, zeta: Zeta) -> None:
    before = zeta.cloud.writes()
    wishes = ("--nodes", "4", "--version", "1.34", "--machine", "huge-64", "--no-ha")
    done = cluster("create", *wishes, "--yes")
    said = " ".join(done.err.split())
    assert (done.code, done.out) == (0, "cluster shop is there, and stays as it is\n")
    assert (
        "it runs Kubernetes 1.33 and not 1.34: clouddeploy cluster upgrade --to zeta --version 1.34" in said
    )
    assert "it does not have 4 nodes (nodes is 2): clouddeploy cluster scale --to zeta --nodes 4" in said
    assert "--machine, --ha/--no-ha: what it was made with cannot be changed" in said
    assert "cluster scale --to zeta --nodes 4" in " ".join(
        cluster("create", *wishes, "--dry-run").err.split()
    )
    assert zeta.cloud.writes() == before


@pytest.mark.usefixtures("made")
def test_a_cluster_that_is_there_as_it_is_wished_is_ready_without_a_question(cluster: Cluster) -> None:
    done = cluster("create", "--nodes", "2", "--version", "1.33")
    assert (done.code, done.out) == (0, "cluster shop is ready\n")
    assert "is there" not in done.err


def test_where_nodes_are_not_counted_a_wish_for_them_is_said_to_be_without_effect(
    run: Run, static_app: Path, aws: Mapping[str, str]
) -> None:
    done = run("cluster", "create", "--nodes", "3", "--dry-run", "--to", "aws", env=aws)
    assert done.code == 0
    assert "aws makes nodes as the pods need them: nodes, cpus and memory have no effect" in " ".join(
        done.err.split()
    )


def test_the_next_commands_mean_the_cluster_of_the_same_name(cluster: Cluster, zeta: Zeta) -> None:
    made = cluster("create", "--name", "other", "--yes")
    assert "write cluster: {name: other} in target zeta, then" in " ".join(made.err.split())
    assert "delete --to zeta --name other" in cluster("leftovers", "--name", "other").err
    for words in (("show",), ("upgrade",), ("scale", "--nodes", "3")):
        done = cluster(*words, "--name", "nope")
        one_error(done, 5, "there is no cluster nope", "clouddeploy cluster create --to zeta --name nope")
    zeta.cloud.leave("other", "vol-1", "1.50")
    assert "leftovers --to zeta --name other" in cluster("delete", "--name", "other", "--yes").err
    assert "write cluster" not in cluster("create", "--name", "shop", "--yes").err


def test_every_wish_is_also_a_variable(cluster: Cluster, zeta: Zeta) -> None:
    assert cluster("create", CLOUDDEPLOY_NODES="5", CLOUDDEPLOY_YES="1").code == 0
    assert settings(zeta)["nodes"] == 5


def test_an_exact_machine_is_priced_as_it_is_named(cluster: Cluster) -> None:
    assert "2 x huge-64" in cluster("create", "--dry-run", "--machine", "huge-64").out


@pytest.mark.parametrize("amount", ["8", "lots", "-8Gi"])
def test_memory_needs_a_unit(amount: str, cluster: Cluster) -> None:
    one_error(cluster("create", "--memory", amount), 2, f"--memory {amount} is no amount", "8Gi")


@pytest.mark.usefixtures("made")
def test_nodes_are_scaled_and_the_second_time_there_is_nothing_to_do(cluster: Cluster, zeta: Zeta) -> None:
    plan = cluster("scale", "--nodes", "5", "--dry-run")
    assert "change" in plan.out
    assert "nodes is 2" in plan.out
    assert settings(zeta)["nodes"] == 2
    one_error(cluster("scale", "--nodes", "5"), 2, "scale cluster shop on zeta to 5 nodes?", "--yes")
    assert cluster("scale", "--nodes", "5", "--yes").code == 0
    assert settings(zeta)["nodes"] == 5

    before = zeta.cloud.writes()
    again = cluster("scale", "--nodes", "5")
    assert (again.code, again.out) == (0, "cluster shop has 5 nodes\n")
    assert zeta.cloud.writes() == before


def test_what_is_not_there_cannot_be_scaled_or_upgraded(cluster: Cluster) -> None:
    for words in (("scale", "--nodes", "3"), ("upgrade",)):
        one_error(
            cluster(*words, "--yes"), 5, "there is no cluster shop on zeta", "clouddeploy cluster create"
        )


@pytest.mark.usefixtures("made")
def test_a_foreign_cluster_is_neither_scaled_nor_upgraded(cluster: Cluster, zeta: Zeta) -> None:
    zeta.cloud.disown("shop")
    before = zeta.cloud.writes()
    for words in (("scale", "--nodes", "3"), ("upgrade",)):
        one_error(cluster(*words, "--yes"), 5, "was not made by clouddeploy")
    assert zeta.cloud.writes() == before


def test_where_nodes_are_not_counted_scaling_explains_itself(run: Run, static_app: Path) -> None:
    done = run("cluster", "scale", "--nodes", "3", "--to", "aws", env={"AWS_REGION": "eu-west-1"})
    one_error(done, 2, "aws makes and removes nodes as the pods need them", "replicas or resources")


@pytest.mark.parametrize("words", [("scale", "--nodes", "3"), ("upgrade",), ("leftovers",), ("delete",)])
def test_a_provider_that_makes_no_clusters_says_so(
    words: tuple[str, ...], run: Run, static_app: Path
) -> None:
    done = run("cluster", *words, "--to", "kubernetes")
    one_error(done, 2, "does not make clusters", "its own tool")


@pytest.mark.parametrize("words", [("scale", "--nodes", "3"), ("upgrade",), ("leftovers",), ("delete",)])
def test_somebody_elses_cluster_is_only_used(
    words: tuple[str, ...], cluster: Cluster, zeta: Zeta, folder: Path
) -> None:
    config = folder / "clouddeploy.yaml"
    config.write_text(config.read_text().replace("cluster: {name: shop}", "cluster: {existing: shop}"))
    one_error(cluster(*words), 2, "neither creates, changes nor deletes")
    assert zeta.cloud.writes() == 0


@pytest.mark.usefixtures("made")
def test_an_upgrade_shows_its_plan_and_asks(cluster: Cluster, zeta: Zeta) -> None:
    asked = cluster("upgrade")
    assert "version is 1.33" in asked.out
    one_error(asked, 2, "upgrade cluster shop on zeta to 1.34?", "There is no way back")
    assert settings(zeta)["version"] == "1.33"
    assert cluster("upgrade", "--dry-run").code == 0
    done = cluster("upgrade", "--yes")
    assert done.code == 0
    assert "cluster shop is upgraded to 1.34" in done.out
    assert settings(zeta)["version"] == "1.34"
    again = cluster("upgrade", "--version", "1.34", "--yes")
    assert (again.code, again.out) == (0, "cluster shop runs 1.34\n")


@pytest.mark.usefixtures("made")
def test_an_upgrade_that_takes_longer_names_the_version_to_go_on_with(cluster: Cluster, zeta: Zeta) -> None:
    """The bare command would go on to the version after, once the cloud has finished with this one."""
    zeta.cloud.faults.throttle(1000, match=lambda request: request.method == "PATCH")
    done = cluster("upgrade", "--yes", "--timeout", "1s")
    one_error(done, 75, "to go on: clouddeploy cluster upgrade --to zeta --version 1.34")


@pytest.mark.usefixtures("made")
def test_ctrl_c_says_which_command_goes_on(
    zeta: Zeta, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for name, value in zeta.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clusters, "up", stop)
    monkeypatch.chdir(folder)
    assert cli.run(["cluster", "upgrade", "--yes"]) == 130
    assert "clouddeploy cluster upgrade --to zeta --version 1.34 goes on" in one_line(capsys)
    assert cli.run(["cluster", "create", "--name", "other", "--yes"]) == 130
    assert "the same command goes on" in one_line(capsys)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on stderr, however it was wrapped."""
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.usefixtures("made")
def test_a_version_that_is_not_offered_is_refused(cluster: Cluster) -> None:
    one_error(cluster("upgrade", "--version", "2.0", "--yes"), 2, "Zeta offers no 2.0", "1.33, 1.34")


@pytest.mark.usefixtures("made")
def test_a_delete_gives_load_balancers_and_volumes_back_first(cluster: Cluster, zeta: Zeta) -> None:
    load_balancer(zeta)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    put(zeta, CLAIM, "data", spec=claim)
    plan = cluster("delete", "--dry-run")
    assert plan.code == 0
    assert "Service default/web" in plan.out
    assert "PersistentVolumeClaim default/data" in plan.out
    assert "nothing was changed" in plan.err

    one_error(cluster("delete"), 2, "with all that runs in it", "--yes")
    done = cluster("delete", "--yes")
    assert done.code == 0
    assert "DELETED WITH IT" in done.out
    assert "load balancers and volumes: done" in done.err
    assert "2 given back" in done.err
    assert done.err.index("2 given back") < done.err.index("cluster shop: done")
    assert "nothing billed stays of it" in done.out
    assert "what is in the registry stays, and may be billed" in done.err


@pytest.mark.usefixtures("made")
def test_a_cluster_that_does_not_let_us_in_is_deleted_and_said(cluster: Cluster, zeta: Zeta) -> None:
    load_balancer(zeta)
    zeta.cloud.faults.fail(503, 1000, match=about_tokens)
    done = cluster("delete", "--yes")
    assert done.code == 0
    assert "load balancers and volumes may stay: Zeta is busy" in done.err
    assert zeta.cloud._state.clusters == {}


@pytest.mark.usefixtures("made")
def test_a_foreign_cluster_keeps_its_load_balancers(cluster: Cluster, zeta: Zeta) -> None:
    load_balancer(zeta)
    zeta.cloud.disown("shop")
    before = zeta.cloud.writes()
    one_error(cluster("delete", "--yes"), 5, "not made by clouddeploy", "nothing was changed")
    with connect(zeta.cloud._state.clusters["shop"].kubernetes.admin) as kube:
        assert kube.get(SERVICE, "web", "default")
    assert zeta.cloud.writes() == before


def test_deleting_what_is_not_there_is_done_at_once(cluster: Cluster, zeta: Zeta) -> None:
    done = cluster("delete", "--yes")
    assert (done.code, done.out) == (0, "there is no cluster shop on zeta, nothing to delete\n")
    assert "given back" not in done.err
    assert zeta.cloud.writes() == 0


@pytest.mark.usefixtures("made")
def test_a_name_that_no_cluster_has_is_said_and_nothing_is_deleted(cluster: Cluster, zeta: Zeta) -> None:
    before = zeta.cloud.writes()
    done = cluster("delete", "--name", "shpo", "--yes")
    assert (done.code, zeta.cloud.writes()) == (0, before)
    assert "there is no cluster shpo on zeta, nothing to delete" in done.out
    assert "made by clouddeploy are: shop" in done.out


def test_what_stayed_of_a_cluster_that_is_not_there_is_still_shown(cluster: Cluster, zeta: Zeta) -> None:
    zeta.cloud.leave("shop", "vol-1", "1.50")
    done = cluster("delete", "--yes")
    assert done.code == 0
    assert "vol-1" in done.out


@pytest.mark.usefixtures("made")
def test_leftovers_say_first_that_the_cluster_is_still_there(cluster: Cluster, zeta: Zeta) -> None:
    done = cluster("leftovers")
    assert done.out == "cluster shop is still there (running), and billed until deleted\n"
    assert "clouddeploy cluster delete --to zeta" in done.err
    zeta.cloud.leave("shop", "vol-1", "1.50")
    listed = cluster("leftovers")
    assert listed.out.index("is still there") < listed.out.index("vol-1")
    machine = cluster("leftovers", "-o", "json")
    assert json.loads(machine.out)[0]["id"] == "vol-1"
    assert "is still there" in machine.err


def test_leftovers_are_listed_with_their_price(cluster: Cluster, zeta: Zeta) -> None:
    assert "nothing billed is left" in cluster("leftovers").out
    zeta.cloud.leave("shop", "vol-1", "1.50")
    zeta.cloud.leave("shop", "vol-2", "2.25")
    listed = cluster("leftovers")
    assert listed.code == 0
    assert "vol-1" in listed.out
    assert "3.75" in listed.out
    first, _ = json.loads(cluster("leftovers", "-o", "json").out)
    assert first == {"kind": "volume", "id": "vol-1", "monthly": "1.50", "detail": "10 GiB"}


@pytest.mark.usefixtures("made")
def test_a_delete_ends_with_what_is_still_billed(cluster: Cluster, zeta: Zeta) -> None:
    zeta.cloud.leave("shop", "vol-9", "4.00")
    done = cluster("delete", "--yes")
    assert done.code == 0
    assert "LEFT BEHIND" in done.out
    assert "vol-9" in done.out
    assert "nothing billed stays" not in done.out
    assert "clouddeploy cluster leftovers --to zeta" in done.err


@pytest.mark.usefixtures("made")
def test_a_throttled_cloud_is_waited_out(cluster: Cluster, zeta: Zeta) -> None:
    zeta.cloud.faults.throttle(3, match=lambda request: request.method == "DELETE")
    assert cluster("delete", "--yes").code == 0
    assert zeta.cloud._state.clusters == {}
