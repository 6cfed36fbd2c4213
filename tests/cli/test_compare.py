"""`clouddeploy compare`: from the app here or from flags, for people and for programs, offline."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_bad_input import one_error
from tests.commandline import Run

SIZES = ("--cpus", "500m", "--memory", "512Mi", "--replicas", "6", "--lb", "1", "--egress", "200")
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
  worker: {{image: acme/worker:1}}
"""


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "clouddeploy.yaml").write_text(APP.format(replicas=2))
    return folder


def test_sizes_from_flags_need_no_project(run: Run) -> None:
    done = run("compare", *SIZES)
    assert done.code == 0
    assert "app: 6 pods, 3 CPU, 3 GiB, 1 load balancer, 200 GB egress per month" in done.out
    for cloud in ("DOKS", "ACK", "GKE", "EKS"):
        assert f"\n{cloud} " in done.out


@pytest.mark.parametrize(
    ("written", "shown"), [("500GB", "500 GB"), ("2tb", "2,000 GB"), ("0.5TB", "500 GB")]
)
def test_traffic_may_carry_its_unit(run: Run, written: str, shown: str) -> None:
    done = run("compare", *SIZES[:-1], written)
    assert f"{shown} egress per month" in done.out


def test_sizes_from_the_app_name_what_is_assumed(run: Run, shop: Path) -> None:
    done = run("compare")
    assert "shop: 3 pods, 1.1 CPU, 1.125 GiB, 1 load balancer" in done.out
    assert "assumed: 100m CPU and 128Mi memory for worker, which requests none" in done.err


def test_the_table_fits_80_columns(run: Run) -> None:
    for region in ("us", "seoul"):
        done = run("compare", *SIZES, "--region", region, env={"COLUMNS": "80"})
        assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 80


def test_a_narrower_terminal_folds_between_words(run: Run) -> None:
    for arguments in (("compare", *SIZES), ("compare", *SIZES, "--explain", "aws")):
        done = run(*arguments, env={"COLUMNS": "64"})
        assert max(len(line) for line in done.out.splitlines() if "https:" not in line) <= 64


def test_table_json_and_markdown_agree(run: Run) -> None:
    table, markdown = run("compare", *SIZES).out, run("compare", *SIZES, "-o", "markdown").out
    shown = json.loads(run("compare", *SIZES, "-o", "json").out)
    assert shown["schema"] == "clouddeploy.compare/v1"
    totals = [offer["total"]["text"] for lane in shown["lanes"] for offer in lane["offers"]]
    assert len(totals) == 8
    for total in totals:
        assert total in table
        assert f"| {total} |" in markdown


def test_explain_prints_quantity_price_date_and_source(run: Run) -> None:
    out = " ".join(run("compare", *SIZES, "--explain", "aws", "--machine", "aws=t3.medium").out.split())
    assert "EKS cluster 73.00 730 cluster-hour x 0.1, 2026-10-01 [1]" in out
    assert "[1] https://aws.amazon.com/eks/pricing/" in out
    unknown = run("compare", *SIZES, "--explain", "ali").out
    assert "unknown" in unknown
    assert ">= " in unknown


def test_verbose_adds_facts(run: Run) -> None:
    out = run("compare", *SIZES, "-v").out
    assert "Keyless CI" in out
    assert "Starter 1 repository" in out


def test_verbose_shows_every_price_in_full(run: Run) -> None:
    shown = json.loads(run("compare", *SIZES, "-o", "json").out)
    totals = [offer["total"]["text"] for lane in shown["lanes"] for offer in lane["offers"]]
    for columns in ("80", "100", "200"):
        out = run("compare", *SIZES, "-v", env={"COLUMNS": columns}).out
        assert all(total in out for total in totals)
        assert "FIT CPU/MEM" in out
        assert max(len(line.rstrip()) for line in out.split("\nfacts")[0].splitlines()) <= int(columns)


def test_verbose_divides_by_the_hours_that_are_billed(run: Run) -> None:
    more = ("--machine", "digitalocean=s-2vcpu-4gb", "--assume", "hours=100")
    out = run("compare", "--replicas", "2", *more, "-v").out
    shown = json.loads(run("compare", "--replicas", "2", *more, "-o", "json").out)["lanes"][0]["offers"]
    totals = {one["provider"]: one["total"] for one in shown}
    hourly = {line.split()[1]: line for line in out.split("steady")[0].splitlines() if len(line.split()) > 8}
    assert f" {float(totals['digitalocean']['usd_month']) / 100:.3f} " in hourly["DOKS"]
    assert f" >= {float(totals['alibaba']['usd_month']) / 100:.3f} " in hourly["ACK"]


@pytest.mark.parametrize("version", ["v1.33", "1.33.4", "1.33.4-gke.1100", "v1.33.4+k3s1"])
def test_a_kubernetes_version_may_be_written_in_full(run: Run, version: str) -> None:
    shown, usual = (
        json.loads(run("compare", *SIZES, "--kubernetes", one, "-o", "json").out) for one in (version, "1.33")
    )
    assert shown == usual
    assert shown["wishes"]["version"] == "1.33"


def test_the_recommendation_comes_with_its_rules(run: Run) -> None:
    out = run("compare", *SIZES).out
    assert "any CPU: DigitalOcean DOKS at 89.00; then" in out
    assert "rules: in us, else nearest to it; runs amd64 images;" in out


def test_nothing_is_recommended_without_a_price_of_nodes(run: Run) -> None:
    done = run("compare", *SIZES, "--arch", "arm64", "--region", "seoul", "--machine", "aws=m7g.large",
               "--machine", "gcp=none")  # fmt: skip
    assert done.code == 0
    assert "none: no cloud's nodes have a known price" in done.out


def test_a_pod_larger_than_every_known_type_names_the_refresh(run: Run) -> None:
    done = run("compare", "--cpus", "7", "--memory", "20Gi")
    assert "none: no cloud can run this" in done.out
    assert "no larger type is known here: clouddeploy prices refresh" in " ".join(done.out.split())


def test_the_report_is_written(run: Run, folder: Path) -> None:
    done = run("compare", *SIZES, "--html", "report.html")
    assert done.code == 0
    assert "written: report.html" in done.err
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_an_image_that_was_built_here_counts_with_its_size(run: Run, static_app: Path) -> None:
    assert run("build").code == 0
    built = json.loads(run("compare", "-o", "json").out)["app"]
    assert 0 < float(built["registry_gb"]) < 0.1
    assert not any("GB for each image" in one for one in built["assumed"])


def test_other_assumptions_change_the_bill(run: Run) -> None:
    usual, changed = (
        json.loads(run("compare", *SIZES, "-o", "json", *more).out)
        for more in ((), ("--assume", "node_disk_gib=20", "--assume", "min_nodes=5"))
    )
    assert changed["assumptions"]["node_disk_gib"] == 20
    assert min(offer["nodes"] for offer in changed["lanes"][0]["offers"]) == 5
    assert usual["assumptions"]["node_disk_gib"] == 50


def test_some_sizes_alone_need_no_project(run: Run) -> None:
    assert run("compare", "--lb", "1", "--disk", "20Gi").out.startswith("app: 1 pod, 0.5 CPU")


def test_sizes_that_nobody_gave_are_said(run: Run) -> None:
    sizes = "assumed: 500m CPU, 512Mi memory, 1 replica: see --cpus, --memory, --replicas"
    images = "assumed: 1 GB for each image that was not built here: app"
    alone = run("compare", "--egress", "200").err
    assert sizes in alone
    assert images in alone
    assert "assumed: 1 replica: see" in run("compare", "--cpus", "1", "--memory", "1Gi").err
    assert "assumed" not in run("compare", *SIZES, "--registry-gb", "5").err


def test_images_whose_size_is_given_are_not_assumed(run: Run, shop: Path) -> None:
    assert "1 GB for each image" in run("compare").err
    assert "1 GB for each image" not in run("compare", "--registry-gb", "5").err


def test_a_region_that_only_others_have_is_said_with_the_recommendation(run: Run) -> None:
    out = " ".join(run("compare", *SIZES, "--region", "seoul").out.split())
    assert "any CPU: DigitalOcean DOKS" not in out
    assert "cheaper, but has no region in seoul: nearest sgp1" in out
    steady = run("compare", *SIZES, "--region", "seoul", "--machine", "aws=no", "--machine", "gcp=no",
                 "--machine", "ali=no").out  # fmt: skip
    assert "(no region in seoul: nearest sgp1)" in " ".join(steady.split())


def test_explain_shows_the_bill_of_each_lane(run: Run) -> None:
    out = run("compare", *SIZES, "--explain", "gcp").out
    assert [line for line in out.splitlines() if line in ("any CPU", "steady CPU")] == [
        "any CPU",
        "steady CPU",
    ]
    assert out.count("\ntotal, before taxes and discounts") == 2
    pinned = run("compare", *SIZES, "--explain", "aws", "--machine", "aws=c7i.large").out
    assert "\nsteady CPU: the same" in pinned
    shown = json.loads(run("compare", *SIZES, "--explain", "gcp", "-o", "json").out)
    assert (shown["lane"], [one["lane"] for one in shown["other_lanes"]]) == ("any CPU", ["steady CPU"])


def test_no_sdk_is_imported() -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['clouddeploy', 'compare', *{list(SIZES)!r}]\n"
        "from clouddeploy.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({n.split('.')[0] for n in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    loaded = done.stderr.splitlines()[-1]
    for name in ("boto3", "botocore", "lightkube", "pydo", "google", "clouddeploy_aws", "urllib3"):
        assert f"'{name}'" not in loaded


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "clouddeploy compare --cpus 500m --memory 512Mi --replicas 3"),
        (("--cpus", "lots"), "write them as 0.5, 2 or 250m"),
        (("--cpus", "-1"), "write them as 0.5, 2 or 250m"),
        (("--memory", "512"), "write 512Mi or 512Gi"),
        (("--memory", "512Zi"), "write 512Mi or 512Gi"),
        (("--replicas", "0"), "write 1 to 10000"),
        (("--replicas", "-2"), "write 1 to 10000"),
        (("--replicas", "1", "--disk", "0"), "write it as 10Gi"),
        (("--replicas", "1", "--disk", "-5Gi"), "write it as 256Mi or 1Gi"),
        (("--replicas", "1", "--lb", "-1"), "--lb 0 or more"),
        (("--replicas", "1", "--egress", "-1"), "write it as --egress 200"),
        (("--replicas", "1", "--egress", "5GiB"), "write it as --egress 200"),
        (("--replicas", "1", "--registry-gb", "some"), "write it as --registry-gb 200"),
        (("--replicas", "1", "--sla", "100"), "write it as --sla 99.95"),
        (("--replicas", "1", "--sla", "99.999"), "ask for less, or for another region"),
        (("--cpus", "7", "--memory", "20Gi"), "clouddeploy prices refresh, which reads of more types"),
        (("--replicas", "1", "--region", "eu-wst-1"), "did you mean eu-west-1?"),
        (("--replicas", "1", "--machine", "t3.medium"), "write it as --machine aws=t3.medium"),
        (("--replicas", "1", "--machine", "asw=t3.medium"), "did you mean aws?"),
        (("--replicas", "1", "--explain", "azure"), "one of aws, gcp, digitalocean, alibaba"),
        (("--replicas", "1", "--html", "no/such/folder/x.html"), "name another file"),
        (("--replicas", "1", "--spot", "--commit", "1y"), "leave out --spot or --commit"),
        *(
            (("--replicas", "1", "--kubernetes", version), "write it as --kubernetes 1.35")
            for version in ("abc", "1", "latest", "v1.33x", "1.33.", "1,33")
        ),
        (("--replicas", "1", "--assume", "hour=1"), "use hours, daemon_cpu"),
        (("--replicas", "1", "--assume", "hours=-1"), "write it as --assume hours=730"),
        (("--replicas", "1", "--against", "main", "--explain", "aws"), "leave out one of them"),
        (("--replicas", "1", "--against", "main"), "leave out --cpus, --memory, --replicas"),
        (("--replicas", "9" * 20), "write 1 to 10000"),
    ],
)
def test_nonsense_is_refused_with_what_to_write(run: Run, arguments: tuple[str, ...], said: str) -> None:
    one_error(run("compare", *arguments), 2, said)


def test_a_pod_too_large_for_some_clouds_is_named_and_the_others_are_compared(run: Run) -> None:
    done = run("compare", "--cpus", "1", "--memory", "9Gi", "--replicas", "2")
    assert done.code == 0
    assert "Alibaba ACK: a pod of app (1000m, 9216Mi) fits on no node; the smallest" in done.out
    assert "DOKS " in done.out


T3 = (
    '{"provider": "aws", "sku": "t3.medium", "kind": "node", "region": "us-east-1", "unit": "hour", '
    '"usd": USD, "source": "a test", "as_of": "AS_OF", "confidence": "refreshed", "vcpu": 2, '
    '"memory_gib": 4, "arch": "amd64", "cpu_class": "burstable", "max_pods": 17}'
)


def cached(folder: Path, rows: str) -> dict[str, str]:
    """The environment with a price cache that holds this."""
    prices = folder / "cache" / "prices"
    prices.mkdir(parents=True)
    (prices / "aws.json").write_text('{"schema": "clouddeploy.prices/v1", "prices": [' + rows)
    return {"CLOUDDEPLOY_CACHE": str(folder / "cache")}


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "[" * 100_000,
        *(T3.replace("USD", usd) + "]}" for usd in ("-0.05", "0", "NaN", "Infinity", "1e400", "true")),
    ],
    ids=["cut off", "nested", "negative", "zero", "NaN", "infinite", "huge", "no number"],
)
def test_a_broken_cache_is_named_and_not_used(run: Run, tmp_path: Path, rows: str) -> None:
    env = cached(tmp_path, rows.replace("AS_OF", "2026-11-01"))
    done = run("compare", *SIZES, env=env)
    assert done.code == 0
    assert "aws.json cannot be read; the bundled prices count instead" in done.err
    assert done.out == run("compare", *SIZES).out


def test_of_a_cached_and_a_bundled_price_the_newer_one_counts(run: Run, tmp_path: Path) -> None:
    env = cached(tmp_path, T3.replace("USD", "9.99").replace("AS_OF", "2023-01-01") + "]}")
    only = (*SIZES, "--machine", "aws=t3.medium")
    assert run("compare", *only, env=env).out == run("compare", *only).out
