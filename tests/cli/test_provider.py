"""Providers as plug-ins: listed, described, made new and proven."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from clouddeploy.errors import ConfigError
from clouddeploy.scaffold import write_plugin
from tests.cli.conftest import Zeta
from tests.cli.test_bad_input import one_error
from tests.commandline import Run
from tests.plugin import install


def test_the_list_says_what_is_installed_and_what_can_be_rehearsed(run: Run, zeta: Zeta) -> None:
    rows = [line.split() for line in run("provider", "list", env=zeta.env).out.splitlines()]
    assert ["✓", "aws", "yes", "installed"] in rows
    assert ["✓", "kubernetes", "no", "installed"] in rows
    assert ["✓", "zeta", "yes", "installed"] in rows


def test_a_missing_package_is_named_with_how_to_get_it(run: Run, tmp_path: Path) -> None:
    made = write_plugin("omega", tmp_path)
    about = made / "pyproject.toml"
    about.write_text(about.read_text().replace('"urllib3>=2.5"', '"omega-sdk[async]>=3"'))
    env = {"PYTHONPATH": str(install(made))}
    listed = run("provider", "list", env=env)
    assert listed.code == 0
    assert "pip install --upgrade clouddeploy-omega omega-sdk" in listed.out
    plain = {one["name"]: one for one in json.loads(run("provider", "list", "-o", "json", env=env).out)}
    assert plain["omega"]["missing"] == ["omega-sdk"]
    assert plain["aws"]["missing"] == []
    assert plain["kubernetes"]["rehearsed"] is False


def test_show_tells_what_a_provider_can_do(run: Run, zeta: Zeta) -> None:
    shown = json.loads(run("provider", "show", "zeta", "-o", "json", env=zeta.env).out)
    assert (shown["package"], shown["version"]) == ("clouddeploy-zeta", "0.1.0")
    assert shown["abilities"]["scale nodes"] is True
    done = run("provider", "show", "kubernetes")
    assert done.code == 0
    assert "✗  create, upgrade and delete clusters" in done.out
    assert zeta.cloud.faults.record == []


def test_an_unknown_provider_names_the_nearest(run: Run) -> None:
    for verb in ("show", "test"):
        one_error(run("provider", verb, "asw"), 2, "did you mean aws?")


def test_a_new_plugin_conforms_before_a_line_of_it_is_changed(run: Run, tmp_path: Path) -> None:
    done = run("provider", "new", "omega", "--folder", str(tmp_path))
    assert done.code == 0
    assert "clouddeploy provider test omega" in done.err
    env = {"PYTHONPATH": str(install(tmp_path / "clouddeploy-omega"))}
    proven = run("provider", "test", "omega", env=env)
    assert proven.code == 0, proven.out
    assert " passed" in proven.out
    assert "skipped" not in proven.out
    assert "omega conforms" in proven.out


def test_a_plugin_that_breaks_a_rule_is_told_which(run: Run, tmp_path: Path) -> None:
    made = install(write_plugin("omega", tmp_path))
    registry = made / "clouddeploy_omega" / "registry.py"
    registry.write_text(registry.read_text().replace("created=found is None", "created=True"))
    done = run("provider", "test", "omega", "-k", "idempotent", env={"PYTHONPATH": str(made)})
    one_error(done, 1, "omega does not conform")
    assert "test_ensure_is_idempotent_and_says_who_made_it[omega]" in done.out
    assert "assert True is False" in done.out


def test_every_provider_here_brings_its_rig(run: Run) -> None:
    done = run("provider", "test", "kubernetes", "-k", "address_is_a_host")
    assert (done.code, "1 passed" in done.out) == (0, True)


def test_of_several_rigs_only_the_providers_own_is_run(run: Run) -> None:
    repository = {"PYTHONPATH": str(Path(__file__).parents[2])}
    words = ("--rig", "tests.conformance.rigs:RIGS", "-k", "address_is_a_host")
    done = run("provider", "test", "kubernetes", *words, env=repository)
    assert (done.code, "1 passed" in done.out) == (0, True)


def test_a_rig_of_another_provider_proves_nothing(run: Run, tmp_path: Path) -> None:
    made = install(write_plugin("omega", tmp_path))
    words = ("provider", "test", "kubernetes", "--rig", "clouddeploy_omega.rig:RIG")
    done = run(*words, env={"PYTHONPATH": str(made)})
    assert done.code == 1
    assert "there is no rig of kubernetes" in done.out + done.err


def test_without_a_rig_nothing_can_be_proven(run: Run, tmp_path: Path) -> None:
    made = write_plugin("omega", tmp_path)
    about = made / "pyproject.toml"
    about.write_text(re.sub(r'\[project.entry-points."clouddeploy.rigs"\]\n.*\n', "", about.read_text()))
    env = {"PYTHONPATH": str(install(made))}
    one_error(run("provider", "test", "omega", env=env), 2, "brings no rig", "--rig module:attribute")


def test_the_word_for_all_targets_is_no_name(run: Run, tmp_path: Path) -> None:
    one_error(run("provider", "new", "all", "--folder", str(tmp_path)), 2, "--to all means every target")


def test_a_new_plugin_holds_nothing_of_the_sample_and_no_empty_promises(tmp_path: Path) -> None:
    made = write_plugin("omega", tmp_path)
    files = {str(path.relative_to(made)): path for path in made.rglob("*") if path.is_file()}
    assert {"pyproject.toml", "README.md", "clouddeploy_omega/rig.py"} <= set(files)
    assert not [name for name, path in files.items() if "acme" in f"{name} {path.read_text()}".lower()]


@pytest.mark.parametrize("name", ["", "Acme", "a", "1cloud", "a-cloud", "../up", "a" * 31])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no name for a provider; nothing was changed") as caught:
        write_plugin(name, tmp_path)
    assert "lower-case letters" in str(caught.value.fix)
    assert list(tmp_path.iterdir()) == []


def test_a_name_or_a_folder_that_is_taken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is a provider aws already") as taken:
        write_plugin("aws", tmp_path)
    assert taken.value.fix == "choose another name"
    write_plugin("omega", tmp_path)
    with pytest.raises(ConfigError, match="clouddeploy-omega is there already; nothing was changed") as there:
        write_plugin("omega", tmp_path)
    assert there.value.fix
