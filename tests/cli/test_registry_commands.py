"""Logging docker in to targets and hosts, looking at the logins, logging out."""

from __future__ import annotations

import base64
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, TokenServer, anonymous, basic
from clouddeploy.emulator.server import Server
from tests.cli.conftest import Zeta
from tests.cli.test_bad_input import one_error
from tests.commandline import Ran, Run

PASSWORD = "correct-horse-battery"
Registry = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """docker's config.json of this test."""
    return tmp_path / "docker" / "config.json"


@pytest.fixture
def registry(run: Run, config: Path, zeta: Zeta) -> Registry:
    """Run `clouddeploy registry …` with docker's config in a folder of its own."""
    own = {**zeta.env, "DOCKER_CONFIG": str(config.parent)}
    return lambda *words, given=None, **env: run("registry", *words, env={**own, **env}, given=given)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    """A registry that asks for a name and a password."""
    with Server(
        OciRegistry(tmp_path / "store", authorize=basic({"ci": PASSWORD}), profile=DISTRIBUTION)
    ) as server:
        yield server.host


def auths(config: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(config.read_text())["auths"]
    return found


def log_in(registry: Registry, host: str) -> Ran:
    return registry("login", host, "--username", "ci", "--password-stdin", given=f"{PASSWORD}\n")


class TestTargets:
    def test_docker_gets_a_login_and_hears_how_long_it_lives(
        self, registry: Registry, zeta: Zeta, config: Path
    ) -> None:
        done = registry("login")
        assert done.code == 0
        host = zeta.cloud._registry.host
        assert host in done.out
        assert "59 min" in done.out or "1 h 00 min" in done.out
        assert f"docker pull {host}/" in done.err
        assert base64.b64decode(auths(config)[host]["auth"]).decode().startswith("token:")
        assert zeta.cloud._password not in f"{done.out}{done.err}"
        assert config.stat().st_mode & 0o777 == 0o600

    def test_as_json(self, registry: Registry, zeta: Zeta, config: Path) -> None:
        (found,) = json.loads(registry("login", "-o", "json").out)
        assert (found["target"], found["username"]) == ("zeta", "token")
        assert (found["host"], found["kept_in"]) == (zeta.cloud._registry.host, str(config))
        assert datetime.fromisoformat(found["expires"]) > datetime.now(UTC) + timedelta(minutes=30)

    def test_logout_forgets_it(self, registry: Registry, config: Path) -> None:
        assert registry("login").code == 0
        done = registry("logout")
        assert "docker has forgotten the login for" in done.out
        assert auths(config) == {}
        assert "docker had no login for" in registry("logout").out

    def test_a_user_name_is_for_a_host(self, registry: Registry) -> None:
        one_error(registry("login", "--username", "ci"), 2, "are for a HOST")


class TestHosts:
    def test_a_password_from_standard_input(self, registry: Registry, host: str, config: Path) -> None:
        done = log_in(registry, host)
        assert done.code == 0, done.err
        assert "until logout" in done.out
        assert auths(config) == {host: {"auth": base64.b64encode(f"ci:{PASSWORD}".encode()).decode()}}
        assert PASSWORD not in f"{done.out}{done.err}"

    def test_a_password_that_the_registry_refuses_is_not_kept(
        self, registry: Registry, host: str, config: Path
    ) -> None:
        done = registry("login", host, "-u", "ci", "--password-stdin", given="another-password")
        one_error(done, 5, "does not allow us to log in")
        assert "another-password" not in done.err
        assert not config.exists()

    def test_by_token_server(self, registry: Registry, tmp_path: Path, config: Path) -> None:
        tokens = TokenServer({"ci": PASSWORD})
        store = OciRegistry(tmp_path / "tokens", authorize=tokens.authorize)
        with Server(store) as server, Server(tokens) as token_server:
            tokens.realm = f"{token_server.url}/token"
            assert log_in(registry, server.host).code == 0
            wrong = registry("login", server.host, "-u", "ci", "--password-stdin", given="another-password")
            assert wrong.code == 5
        assert list(auths(config)) == [server.host]

    def test_a_registry_that_asks_nobody(self, registry: Registry, tmp_path: Path, config: Path) -> None:
        with Server(OciRegistry(tmp_path / "open", authorize=anonymous)) as server:
            one_error(log_in(registry, server.host), 5, "asks nobody for a login")
        assert not config.exists()

    def test_without_a_terminal_nobody_is_asked(self, registry: Registry, host: str) -> None:
        one_error(registry("login", host), 2, "there is no terminal", "--password-stdin")
        one_error(registry("login", host, "-u", "ci", "--password-stdin", given=""), 2, "is empty")

    def test_a_person_is_asked_and_the_password_is_not_shown(
        self, zeta: Zeta, host: str, config: Path, folder: Path
    ) -> None:
        shown = _at_a_terminal(["login", host], ["ci", PASSWORD], config, folder)
        assert "password:" in shown
        assert PASSWORD not in shown
        assert host in auths(config)

    @pytest.mark.parametrize("name", ["a b", "user@ghcr.io", "-"])
    def test_what_is_no_host(self, registry: Registry, name: str) -> None:
        assert registry("logout", name).code == 2

    def test_a_host_and_targets_exclude_each_other(self, registry: Registry, host: str) -> None:
        one_error(registry("login", host, "--to", "zeta"), 2, "exclude each other")
        one_error(registry("logout", host, "--to", "zeta"), 2, "exclude each other")

    def test_logout(self, registry: Registry, host: str, config: Path) -> None:
        log_in(registry, host)
        assert registry("logout", host).out == f"docker has forgotten the login for {host}\n"
        assert auths(config) == {}


class TestList:
    def test_targets_and_hosts_each_tried(self, registry: Registry, zeta: Zeta, host: str) -> None:
        log_in(registry, host)
        done = registry("list", "-o", "json")
        assert done.code == 0
        target, other = json.loads(done.out)
        assert (target["target"], target["host"]) == ("zeta", zeta.cloud._registry.host)
        assert (target["repositories"], target["entered"], target["detail"]) == (0, True, "own login")
        assert (other["target"], other["host"], other["account"]) == (None, host, "ci")
        assert (other["repositories"], other["entered"]) == (0, True)

    def test_a_login_that_is_refused_by_now(self, registry: Registry, tmp_path: Path) -> None:
        users = {"ci": PASSWORD}
        with Server(OciRegistry(tmp_path / "changing", authorize=basic(users))) as server:
            assert log_in(registry, server.host).code == 0
            users["ci"] = "a-new-password"
            done = registry("list")
            assert done.code == 0
            assert "does not allow us" in done.out
            assert f"clouddeploy registry login {server.host}" in done.err

    def test_dockers_logins_alone_where_there_is_no_app(
        self, registry: Registry, host: str, folder: Path
    ) -> None:
        log_in(registry, host)
        (folder / "clouddeploy.yaml").unlink()
        assert [one["host"] for one in json.loads(registry("list", "-o", "json").out)] == [host]

    def test_nothing_says_how_to_begin(self, registry: Registry, folder: Path) -> None:
        (folder / "clouddeploy.yaml").unlink()
        assert "clouddeploy registry login HOST" in registry("list").err


def _at_a_terminal(words: list[str], answers: list[str], config: Path, folder: Path) -> str:
    """What a person sees who gives these answers, each after a question."""
    outer, inner = pty.openpty()
    environment = {**os.environ, "DOCKER_CONFIG": str(config.parent), "TERM": "dumb"}
    process = subprocess.Popen(  # a terminal of its own
        [sys.executable, "-m", "clouddeploy", "registry", *words],
        cwd=folder,
        env=environment,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = ""
    try:
        while select.select([outer], [], [], 60)[0]:
            shown += os.read(outer, 4096).decode(errors="replace")
            if answers and shown.rstrip().endswith(":"):
                os.write(outer, f"{answers.pop(0)}\n".encode())
                shown += "\n"
    except OSError:  # the other end is closed: the command has ended
        pass
    else:
        process.kill()
    assert process.wait(timeout=60) == 0, shown
    os.close(outer)
    return shown
