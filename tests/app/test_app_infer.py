"""What a Dockerfile says about port and health is taken from it, and told."""

# ruff: noqa: E501  # Dockerfiles in one line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.app.dockerfile import parse_dockerfile
from clouddeploy.app.infer import infer
from clouddeploy.app.model import App, Build, Health, Inferred, Service
from clouddeploy.errors import ConfigError

Load = Callable[..., App]
HERE = Path("Dockerfile")


def inferred(text: str, **given: object) -> Service:
    """The service `web` completed from a Dockerfile; `given` are keys of its build."""
    service = Service("web", build=Build(Path(), HERE, **given))  # type: ignore[arg-type]
    return infer(service, parse_dockerfile(text, HERE))[0]


class TestPort:
    @pytest.mark.parametrize(
        ("lines", "port"),
        [
            ("EXPOSE 3000", 3000),
            ("EXPOSE 8080/tcp", 8080),
            ("EXPOSE 80 443", 80),
            ("EXPOSE 80\nEXPOSE 443", 80),
            ("EXPOSE 53/udp 8053", 8053),
            ("EXPOSE 7000-7005 9000", 9000),
            ("ENV PORT=5000\nEXPOSE $PORT", 5000),
            ("ARG PORT=5000\nEXPOSE ${PORT}/tcp", 5000),
            ("EXPOSE ${UNSET:-6000}", 6000),
            ('ENV PORTS="7000 7001"\nEXPOSE $PORTS', 7000),
            ("EXPOSE $UNSET", None),
            ("EXPOSE 70000 0", None),
            ("USER me", None),
        ],
    )
    def test_the_first_tcp_port_is_taken(self, lines: str, port: int | None) -> None:
        assert inferred(f"FROM a\n{lines}\n").port == port

    def test_the_final_stage_goes_before_the_stages_it_is_built_on(self) -> None:
        text = "FROM a AS base\nEXPOSE 9229\nFROM x AS other\nEXPOSE 1\nFROM base AS prod\nEXPOSE 80\nFROM base\n"
        assert inferred(text).port == 9229
        assert inferred(text, target="prod").port == 80

    def test_build_args_count(self) -> None:
        assert inferred("FROM a\nARG PORT=1\nEXPOSE $PORT\n", args={"PORT": "4000"}).port == 4000

    def test_a_bad_substitution_is_shown_in_the_dockerfile(self) -> None:
        with pytest.raises(ConfigError) as caught:
            inferred("FROM a\nEXPOSE ${PORT\n")
        assert caught.value.message.splitlines()[0] == 'Dockerfile:2:1: missing "}" in "${PORT"'


class TestHealth:
    @pytest.mark.parametrize(
        ("command", "path"),
        [
            ("curl -f http://localhost:80/healthz", "/healthz"),
            ("curl -fsS http://127.0.0.1:80/healthz || exit 1", "/healthz"),
            ("curl --fail --silent --max-time 3 -o /dev/null http://localhost", "/"),
            ("/usr/bin/curl -sf localhost/a/b?c=1 >/dev/null 2>&1 || exit 1", "/a/b?c=1"),
            ("wget -q --spider http://localhost/", "/"),
            ("wget --no-verbose --tries=1 --spider http://[::1]:80/x || exit 1", "/x"),
            ("wget -qO- http://0.0.0.0:80/ping", "/ping"),
            ('["curl", "-f", "http://localhost/x"]', "/x"),
        ],
    )
    def test_a_plain_request_of_the_own_port_becomes_a_path(self, command: str, path: str) -> None:
        health = inferred(f"FROM a\nEXPOSE 80\nHEALTHCHECK CMD {command}\n").health
        assert health is not None
        assert (health.path, health.command) == (path, ())

    @pytest.mark.parametrize(
        "command",
        [
            "curl http://localhost/",
            "curl -f http://localhost:9000/",
            "curl -f https://localhost:80/",
            "curl -f http://example.com/",
            "curl -f http://localhost:$PORT/",
            "curl -f -H 'Host: x' http://localhost/",
            "curl -f http://localhost/ http://localhost/b",
            "curl -f http://localhost/ | grep ok",
            "curl -f http://localhost/ && ./more",
            "wget --post-data=x http://localhost/",
            "./check.sh",
            "curl -f 'http://localhost",
            "curl -f http://localhost:99999/",
        ],
    )
    def test_any_other_command_is_run_by_the_shell_in_the_container(self, command: str) -> None:
        health = inferred(f"FROM a\nEXPOSE 80\nHEALTHCHECK CMD {command}\n").health
        assert health is not None
        assert (health.path, health.command) == (None, ("/bin/sh", "-c", command))

    def test_the_exec_form_is_run_as_it_is(self) -> None:
        health = inferred('FROM a\nHEALTHCHECK CMD ["pg_isready", "-q"]\n').health
        assert health is not None
        assert health.command == ("pg_isready", "-q")

    def test_the_shell_instruction_chooses_the_shell(self) -> None:
        health = inferred('FROM a\nSHELL ["/bin/bash", "-ec"]\nHEALTHCHECK CMD check\n').health
        assert health is not None
        assert health.command == ("/bin/bash", "-ec", "check")

    def test_options_are_taken_and_the_others_are_dockers(self) -> None:
        line = "HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=5s --retries=7 CMD x"
        expected = Health(None, ("/bin/sh", "-c", "x"), 90, 0.5, 7, 5)
        assert inferred(f"FROM a\n{line}\n").health == expected
        bare = inferred("FROM a\nHEALTHCHECK CMD x\n").health
        assert bare == Health(None, ("/bin/sh", "-c", "x"), 30, 30, 3, 0)
        zero = inferred("FROM a\nHEALTHCHECK --interval=0 --timeout=0s CMD x\n").health
        assert zero == bare

    def test_the_last_one_counts_and_none_takes_it_away(self) -> None:
        base = "FROM a AS base\nHEALTHCHECK CMD one\n"
        assert inferred(f"{base}FROM base\n").health == inferred("FROM a\nHEALTHCHECK CMD one\n").health
        assert inferred(f"{base}FROM base\nHEALTHCHECK NONE\n").health is None

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ("--interval=soon", '--interval is a duration, not "soon"'),
            ("--retries=many", '--retries is a number, not "many"'),
        ],
    )
    def test_bad_options_are_shown_in_the_dockerfile(self, option: str, message: str) -> None:
        with pytest.raises(ConfigError) as caught:
            inferred(f"FROM a\nHEALTHCHECK {option} CMD x\n")
        assert caught.value.message.splitlines()[0] == f"Dockerfile:2:1: {message}"


class TestInConfig:
    DOCKERFILE = "FROM a\nEXPOSE 3000\nHEALTHCHECK CMD curl -f localhost:3000/up\n"

    def load(self, load: Load, body: str) -> App:
        text = f"apiVersion: clouddeploy/v1\napp: shop\nservices: {{web: {{build: ./web{body}}}}}\n"
        return load(text, {"web/Dockerfile": self.DOCKERFILE})

    def test_what_is_inferred_is_told_with_its_line(self, load: Load) -> None:
        app = self.load(load, ", expose: true")
        assert app.services[0].port == 3000
        assert app.inferred == (
            Inferred("services.web.port", "3000", "web/Dockerfile:2 EXPOSE 3000"),
            Inferred("services.web.health", "HTTP /up", "web/Dockerfile:3 HEALTHCHECK"),
        )

    def test_what_is_written_wins(self, load: Load) -> None:
        app = self.load(load, ", port: 80, health: {path: /}")
        assert (app.services[0].port, app.services[0].health, app.inferred) == (80, Health("/"), ())

    def test_false_means_no_health_check(self, load: Load) -> None:
        assert self.load(load, ", health: false").services[0].health is None

    def test_a_request_of_another_port_than_the_written_one_stays_a_command(self, load: Load) -> None:
        health = self.load(load, ", port: 80").services[0].health
        assert health is not None
        assert health.command == ("/bin/sh", "-c", "curl -f localhost:3000/up")
