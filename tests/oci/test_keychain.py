"""docker's logins: found where docker keeps them, kept and forgotten there."""

from __future__ import annotations

import base64
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.contract import IDENTITY_TOKEN, Login, Secret
from clouddeploy.errors import CloudDeployError, ConfigError, CredentialsError, MissingToolError
from clouddeploy.oci.keychain import Kept, find_login, forget_login, keep_login, kept_logins, or_docker
from tests.home import Program, docker, home, program

__all__ = ["docker", "home", "program"]

pytestmark = pytest.mark.usefixtures("home")

Write = Callable[..., Path]


def basic(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


class TestDockerConfig:
    def test_none_means_anonymous(self) -> None:
        assert find_login("ghcr.io") is None

    def test_another_hosts_login_is_not_ours(self, docker: Write) -> None:
        docker(auths={"ghcr.io.evil.example": basic("a", "b"), "docker.io": basic("a", "b"), "ghcr.io": {}})
        assert find_login("ghcr.io") is None

    @pytest.mark.parametrize(
        ("key", "host"),
        [
            ("ghcr.io", "ghcr.io"),
            ("https://ghcr.io", "ghcr.io"),
            ("https://ghcr.io/v1/", "ghcr.io"),
            ("localhost:5000", "localhost:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
        ],
    )
    def test_finds_the_host_however_docker_wrote_it(self, docker: Write, key: str, host: str) -> None:
        docker(auths={key: basic("me", "pass:with:colons")})
        assert find_login(host) == Login(host, "me", Secret("pass:with:colons"))

    def test_a_plain_name_and_password(self, docker: Write) -> None:
        docker(auths={"ghcr.io": {"username": "me", "password": "s3cr3t"}})
        assert find_login("ghcr.io") == Login("ghcr.io", "me", Secret("s3cr3t"))

    def test_in_the_folder_of_docker_config(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": basic("me", "s3cr3t")}}))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        assert find_login("ghcr.io") == Login("ghcr.io", "me", Secret("s3cr3t"))

    @pytest.mark.parametrize(
        ("config", "kind", "message"),
        [
            ('{"auths": {"ghcr.io": {"auth": "s3cr3t', ConfigError, r"is not JSON \(line 1\)"),
            ('["s3cr3t"]', ConfigError, "is not a JSON object"),
            (
                '{"auths": {"ghcr.io": {"auth": "%s3cr3t"}}}',
                ConfigError,
                "a login for ghcr.io that cannot be",
            ),
            (
                '{"auths": {"ghcr.io": {"auth": "czNjcjN0"}}}',
                ConfigError,
                "a login for ghcr.io that cannot be",
            ),
            (
                '{"auths": {"ghcr.io": {"registrytoken": "s3cr3t"}}}',
                CredentialsError,
                "a registry token, which cannot be renewed",
            ),
        ],
    )
    def test_what_cannot_be_used_is_not_quoted(
        self, docker: Write, config: str, kind: type[CloudDeployError], message: str
    ) -> None:
        docker(config)
        with pytest.raises(kind, match=message) as caught:
            find_login("ghcr.io")
        assert caught.value.fix
        assert caught.value.__cause__ is None
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"

    def test_a_file_that_may_not_be_read(self, docker: Write) -> None:
        docker().write_bytes(b"\xff")
        with pytest.raises(ConfigError, match="is no text"):
            find_login("ghcr.io")


ANSWER = """printf '{"ServerURL": "%s", "Username": "me", "Secret": "s3cr3t-password"}' "$(cat)" """


class TestCredentialHelper:
    def test_is_asked_on_standard_input(self, docker: Write, program: Program, tmp_path: Path) -> None:
        asked = tmp_path / "asked"
        program("docker-credential-vault", f'echo "$@" > {asked}; tee -a {asked} > /dev/null; {ANSWER}')
        docker(credHelpers={"ghcr.io": "vault"})
        assert find_login("ghcr.io") == Login("ghcr.io", "me", Secret("s3cr3t-password"))
        assert asked.read_text() == "get\nghcr.io"

    def test_the_hosts_own_wins_over_the_store(self, docker: Write, program: Program) -> None:
        program("docker-credential-vault", ANSWER)
        docker(credHelpers={"ghcr.io": "vault"}, credsStore="missing")
        assert find_login("ghcr.io") is not None

    def test_docker_hub_has_a_key_of_its_own(self, docker: Write, program: Program, tmp_path: Path) -> None:
        program("docker-credential-store", f"tee {tmp_path}/asked > /dev/null; {ANSWER}")
        docker(credsStore="store", auths={"https://index.docker.io/v1/": {}})
        assert find_login("docker.io") == Login("docker.io", "me", Secret("s3cr3t-password"))
        assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/"

    def test_that_knows_none_leaves_it_to_auths(self, docker: Write, program: Program) -> None:
        program("docker-credential-store", "echo credentials not found in native keychain; exit 1")
        docker(credsStore="store", auths={"ghcr.io": basic("me", "s3cr3t")})
        assert find_login("ghcr.io") == Login("ghcr.io", "me", Secret("s3cr3t"))
        assert find_login("quay.io") is None

    def test_that_is_not_installed(self, docker: Write) -> None:
        docker(credsStore="no-such-helper")
        with pytest.raises(MissingToolError, match="docker-credential-no-such-helper") as caught:
            find_login("ghcr.io")
        assert "install docker-credential-no-such-helper" in str(caught.value.fix)

    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("echo s3cr3t-password; exit 3", "failed with exit code 3"),
            ("echo s3cr3t-password", "printed no credential"),
            ("echo '{}'", "printed no credential"),
            ("echo '[1]'", "printed no credential"),
        ],
    )
    def test_that_fails_is_not_quoted(
        self, docker: Write, program: Program, script: str, message: str
    ) -> None:
        program("docker-credential-bad", f"cat > /dev/null; {script}")
        docker(credsStore="bad")
        with pytest.raises(CredentialsError, match=message) as caught:
            find_login("ghcr.io")
        assert caught.value.fix
        assert "s3cr3t" not in f"{caught.value.message} {caught.value.fix}"

    def test_with_a_path_for_a_name(self, docker: Write) -> None:
        docker(credsStore="../../tmp/evil")
        with pytest.raises(ConfigError, match="malformed name"):
            find_login("ghcr.io")

    def test_an_identity_token(self, docker: Write, program: Program) -> None:
        program("docker-credential-store", """echo '{"Username": "<token>", "Secret": "refresh-token"}'""")
        docker(credsStore="store")
        assert find_login("ghcr.io") == Login("ghcr.io", IDENTITY_TOKEN, Secret("refresh-token"))

    def test_that_hangs_is_given_up(
        self, docker: Write, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program("docker-credential-slow", "exec sleep 60")
        docker(credsStore="slow")
        monkeypatch.setattr("clouddeploy.oci.helpers._TIMEOUT", 0.2)
        with pytest.raises(CredentialsError, match="did not answer within"):
            find_login("ghcr.io")


KEEPER = """#!{python}
import json, pathlib, sys
kept = pathlib.Path("{folder}", "kept.json")
logins = json.loads(kept.read_text()) if kept.exists() else {{}}
given = "" if sys.argv[1] == "list" else sys.stdin.read()
with open("{folder}/words", "a") as words:
    print(*sys.argv[1:], file=words)
match sys.argv[1]:
    case "store":
        logins[json.loads(given)["ServerURL"]] = json.loads(given)
    case "erase":
        del logins[given]
    case "get" if given not in logins:
        sys.exit(print("credentials not found in native keychain") or 1)
    case "get":
        print(json.dumps(logins[given]))
    case "list":
        print(json.dumps({{key: one["Username"] for key, one in logins.items()}}))
kept.write_text(json.dumps(logins))
"""


@pytest.fixture
def keeper(program: Program, tmp_path: Path) -> str:
    """A helper that does what docker's own do."""
    path = program("docker-credential-safe", "")
    path.write_text(KEEPER.format(python=sys.executable, folder=tmp_path))
    return path.name


class TestKeeping:
    def test_in_the_file_as_docker_writes_it(self, docker: Write) -> None:
        path = docker(auths={"quay.io": basic("a", "b")}, HttpHeaders={"X": "y"})
        path.chmod(0o644)
        assert keep_login(Login("ghcr.io", "me", Secret("s3cr3t-password"))) == str(path)
        assert json.loads(path.read_text()) == {
            "auths": {"quay.io": basic("a", "b"), "ghcr.io": basic("me", "s3cr3t-password")},
            "HttpHeaders": {"X": "y"},
        }
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [one.name for one in path.parent.iterdir()] == ["config.json"]

    def test_makes_the_file_for_its_owner_alone(self, home: Path) -> None:
        keep_login(Login("ghcr.io", "me", Secret("s3cr3t-password")))
        assert stat.S_IMODE((home / ".docker").stat().st_mode) == 0o700
        assert find_login("ghcr.io") == Login("ghcr.io", "me", Secret("s3cr3t-password"))

    def test_a_link_stays_a_link(self, docker: Write, tmp_path: Path) -> None:
        path = docker()
        real = path.rename(tmp_path / "dotfiles.json")
        path.symlink_to(real)
        keep_login(Login("ghcr.io", "me", Secret("s3cr3t-password")))
        assert path.is_symlink()
        assert "ghcr.io" in real.read_text()

    def test_docker_hub_under_dockers_own_key(self, docker: Write) -> None:
        path = docker(auths={"docker.io": basic("old", "old-password")})
        keep_login(Login("docker.io", "me", Secret("s3cr3t-password")))
        assert list(json.loads(path.read_text())["auths"]) == ["https://index.docker.io/v1/"]
        assert find_login("index.docker.io") == Login("index.docker.io", "me", Secret("s3cr3t-password"))

    def test_an_identity_token_comes_back_as_one(self) -> None:
        token = Login("ghcr.io", IDENTITY_TOKEN, Secret("refresh-token"))
        keep_login(token)
        assert find_login("ghcr.io") == token

    def test_in_the_helper_and_not_in_the_file(self, docker: Write, keeper: str) -> None:
        path = docker(credsStore="safe", auths={"ghcr.io": basic("me", "old-password")})
        login = Login("ghcr.io", "me", Secret("s3cr3t-password"))
        assert keep_login(login) == keeper
        assert json.loads(path.read_text())["auths"] == {"ghcr.io": {}}
        assert find_login("ghcr.io") == login
        assert kept_logins() == [Kept("ghcr.io", "me", keeper)]
        assert forget_login("ghcr.io") is True
        assert find_login("ghcr.io") is None
        assert json.loads(path.read_text())["auths"] == {}

    def test_a_helper_that_cannot_run_keeps_nothing_anywhere(self, docker: Write) -> None:
        path = docker(credsStore="missing")
        before = path.read_text()
        with pytest.raises(MissingToolError):
            keep_login(Login("ghcr.io", "me", Secret("s3cr3t-password")))
        assert path.read_text() == before

    def test_a_helper_that_brings_its_own_logins_is_no_place_to_keep_one(
        self, docker: Write, program: Program
    ) -> None:
        program("docker-credential-own", f"test $1 = store || {{ {ANSWER}; }}")
        docker(credHelpers={"ghcr.io": "own"})
        with pytest.raises(CredentialsError, match="did not keep the login for ghcr"):
            keep_login(Login("ghcr.io", "you", Secret("another-password")))

    @pytest.mark.usefixtures("keeper")
    def test_a_helper_never_gets_the_password_as_an_argument(self, docker: Write, tmp_path: Path) -> None:
        docker(credsStore="safe")
        keep_login(Login("ghcr.io", "me", Secret("s3cr3t-password")))
        assert set((tmp_path / "words").read_text().split()) == {"store", "get"}


class TestForgetting:
    def test_takes_one_host_out_of_the_file(self, docker: Write) -> None:
        path = docker(auths={"quay.io": basic("a", "b"), "https://ghcr.io/v1/": basic("me", "s3cr3t")})
        assert forget_login("ghcr.io") is True
        assert forget_login("ghcr.io") is False
        assert list(json.loads(path.read_text())["auths"]) == ["quay.io"]


class TestListing:
    def test_the_file_and_the_helpers(self, docker: Write, program: Program) -> None:
        program("docker-credential-vault", ANSWER)
        path = docker(
            auths={"quay.io": basic("a", "b"), "gone.example": {}},
            credHelpers={"ghcr.io": "vault", "lost.example": "no-such-helper"},
        )
        ghcr, lost, quay = kept_logins()
        assert ghcr == Kept("ghcr.io", "me", "docker-credential-vault")
        assert quay == Kept("quay.io", "a", str(path))
        assert (lost.host, lost.username) == ("lost.example", "")
        assert "not installed" in str(lost.trouble)


def test_a_login_of_ones_own_comes_before_dockers(docker: Write) -> None:
    docker(auths={"ghcr.io": basic("docker", "s3cr3t")})
    own = Login("ghcr.io", "own", Secret("s3cr3t"))
    assert or_docker(lambda: own, "ghcr.io")() == own
    assert or_docker(lambda: None, "ghcr.io")() == Login("ghcr.io", "docker", Secret("s3cr3t"))
    assert or_docker(lambda: None, "quay.io")() is None
