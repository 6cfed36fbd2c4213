"""The emulated registry passes the conformance suite of the OCI distribution specification.

That makes it fit to judge clients: what it refuses, the specification lets it refuse.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from clouddeploy.emulator.registry import SPEC, Faulty, OciRegistry, basic
from clouddeploy.emulator.server import Server
from tests.live import found
from tests.live.bench import programs
from tests.live.bench.processes import BenchError

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

WORKFLOWS = {
    "pull": ["Blob get", "Blob get range", "Blob head", "Manifest get by digest", "Manifest get by tag"],
    "push": [
        "Blob post only",
        "Blob post put",
        "Blob chunked",
        "Blob streaming",
        "Blob mount",
        "Blob anonymous mount",
        "Blob upload cancel",
        "Manifest put by digest",
        "Manifest put by tag",
        "Manifest put with subject",
        "Manifest put with tag params",
    ],
    "content discovery": ["Tag listing", "Referrers"],
    "content management": ["Tag delete", "Manifest delete", "Blob delete", "Blob delete atomic"],
}
PASSWORD = "correct-horse-battery"


def suite() -> str:
    """The program, built from its Go module when it is not in the cache."""
    try:
        programs.build_conformance()
        return programs.find("oci-conformance")
    except BenchError as error:
        found.missing("OCI conformance", str(error))
        raise


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the suite left what it found; the stricter rules of its next version are on."""
    program, folder = suite(), tmp_path_factory.mktemp("conformance")
    registry = OciRegistry(folder / "registry", authorize=basic({"ci": PASSWORD}), profile=SPEC)
    with Server(Faulty(registry)) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "OCI_REGISTRY": server.host,
            "OCI_TLS": "disabled",
            "OCI_VERSION": "dev",
            "OCI_USERNAME": "ci",
            "OCI_PASSWORD": PASSWORD,
            "OCI_RESULTS_DIR": str(folder),
        }
        done = subprocess.run(
            [program], env=environment, cwd=folder, capture_output=True, text=True, timeout=300
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return folder


def test_nothing_fails_and_nothing_is_left_out(results: Path) -> None:
    suite = ElementTree.parse(results / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    counted = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": 986, "failures": 0, "errors": 0, "skipped": 0}
    assert len(suite.findall("testcase")) == 793  # some hold several checks
    found.ran("OCI conformance", f"the distribution-spec suite {programs.CONFORMANCE}, 986 checks")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_workflow(workflow: str, results: Path) -> None:
    document: dict[str, Any] = yaml.safe_load((results / "results.yaml").read_text())
    assert {name: document["apis"][name] for name in WORKFLOWS[workflow]} == dict.fromkeys(
        WORKFLOWS[workflow], "Pass"
    )


def test_every_kind_of_data_but_manifests_whose_parts_are_missing(results: Path) -> None:
    document: dict[str, Any] = yaml.safe_load((results / "results.yaml").read_text())
    others = {name: verdict for name, verdict in document["data"].items() if verdict != "Pass"}
    assert others == {"Sparse Manifests": "Disabled"}  # optional, and an image that cannot be pulled
