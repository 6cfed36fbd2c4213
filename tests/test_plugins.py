"""Providers are found by entry point and loaded only when they are named."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy import plugins
from clouddeploy.contract import ClusterSpec, TargetSettings
from clouddeploy.errors import ConfigError, MissingToolError, NotFoundError

ACME = """\
from clouddeploy.contract import Provider, Traits

def connect(target):
    return Provider(target.provider, None, None, None, Traits(), cluster=target.cluster.name)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a third party's distribution on sys.path, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, module: str, source: str, group: str = "clouddeploy.providers") -> None:
        info = tmp_path / f"clouddeploy_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: clouddeploy-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:connect\n")
        (tmp_path / f"{module}.py").write_text(source)

    return write


def target(provider: str) -> TargetSettings:
    return TargetSettings("live", provider, ClusterSpec("shop"))


def test_ours_are_registered() -> None:
    assert set(plugins.names()) >= {"aws", "kubernetes"}
    assert "aws" in plugins.names(plugins.EMULATORS)


def test_each_of_ours_connects_under_its_own_name() -> None:
    assert [plugins.connect(target(name)).name for name in ("aws", "kubernetes")] == ["aws", "kubernetes"]


def test_naming_them_imports_none() -> None:
    script = (
        "import json, sys\nfrom clouddeploy import plugins\nplugins.names()\n"
        "print(json.dumps([*sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=100)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"clouddeploy_aws", "clouddeploy_kubernetes", "boto3", "yaml", "lightkube"}


def test_a_third_partys_provider_joins_by_installing_it(install: Callable[..., None]) -> None:
    install("acme", "acme_for_clouddeploy", ACME)
    assert "acme" in plugins.names()
    provider = plugins.connect(target("acme"))
    assert (provider.name, provider.cluster) == ("acme", "shop")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("asw", "; did you mean aws?"), ("kubernets", "; did you mean kubernetes?"), ("zz", "")],
)
def test_an_unknown_provider_names_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plugins.connect(target(name))
    assert caught.value.message == f"there is no provider {name}{meant}"
    assert caught.value.fix == f"use one of: {', '.join(plugins.names())}"


def test_an_unknown_emulator_is_called_one() -> None:
    with pytest.raises(ConfigError, match="there is no emulator kubernetes"):
        plugins.load("kubernetes", plugins.EMULATORS)


def test_a_missing_sdk_names_the_package_and_how_to_install_it(install: Callable[..., None]) -> None:
    install("beta", "beta_for_clouddeploy", "import beta_sdk_that_nobody_has")
    with pytest.raises(
        MissingToolError, match="provider beta needs the package beta_sdk_that_nobody_has"
    ) as caught:
        plugins.connect(target("beta"))
    assert caught.value.fix == "pip install --upgrade clouddeploy-beta beta_sdk_that_nobody_has"
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_without_boto3_aws_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, module, None)
    provider = plugins.connect(target("aws"))
    with pytest.raises(MissingToolError, match="boto3") as caught:
        provider.identity()
    assert caught.value.fix == "pip install 'clouddeploy[aws]'"


def test_a_bug_in_a_plugin_is_not_called_a_missing_tool(install: Callable[..., None]) -> None:
    install("gamma", "gamma_for_clouddeploy", "from clouddeploy.contract import NoSuchName")
    with pytest.raises(ImportError, match="NoSuchName"):
        plugins.load("gamma")


def test_the_example_of_the_manual_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manual = (Path(__file__).parents[1] / "providers" / "README.md").read_text()
    files = dict(re.findall(r"```\w+\n# (\S+)\n(.*?)```", manual, re.DOTALL))
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    info = tmp_path / "clouddeploy_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    points = project["entry-points"]["clouddeploy.providers"]
    lines = "\n".join(f"{name} = {point}" for name, point in points.items())
    (info / "entry_points.txt").write_text(f"[clouddeploy.providers]\n{lines}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("ACME_TOKEN", "s3cr3t-token")

    provider = plugins.connect(target("acme"))
    assert provider.registry.ensure("web").address == "registry.acme.example/default/web"
    assert provider.registry.login()
    assert provider.provisioner is None
    with pytest.raises(NotFoundError):
        provider.clusters.access("shop")
    unknown = TargetSettings("live", "acme", ClusterSpec("shop"), options={"projekt": "x"})
    with pytest.raises(ConfigError, match="projekt"):
        plugins.connect(unknown)
