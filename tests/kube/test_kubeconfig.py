"""What `cluster kubeconfig` writes, and everything it leaves alone."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from clouddeploy import plugins
from clouddeploy.contract import ClientCertificate, ClusterSpec, KubeAccess, Secret, TargetSettings, Token
from clouddeploy.errors import ConfigError, ForeignResourceError, TemporaryError
from clouddeploy.kube import kubefile
from clouddeploy.kube.kubeconfig import default_path, exec_credential, merge_context, remove_context

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ACCESS = KubeAccess("https://shop.example:6443", CA, lambda: None)

FOREIGN = """\
# kept by hand
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- name: prod
  cluster: {server: "https://prod.example", proxy-url: "http://proxy:3128", x-ours: [1, 2.5, true, null]}
users:
- name: admin
  user: {token: s3cr3t-token, auth-provider: {name: oidc, config: {expiry: 2026-11-23T10:00:00Z}}}
contexts:
- name: prod
  context: {cluster: prod, user: admin, namespace: web}
current-context: prod
extra: {left: alone}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kube" / "config"


@pytest.fixture
def foreign(path: Path) -> Path:
    path.parent.mkdir()
    path.write_text(FOREIGN)
    return path


def merge(path: Path, context: str = "shop", **changes: Any) -> Path:
    command = ["clouddeploy", "cluster", "token", "--to", "aws"]
    settings: dict[str, Any] = {
        "access": ACCESS,
        "exec_command": command,
        "exec_env": {"AWS_PROFILE": "acme"},
    }
    return merge_context(path, context=context, **(settings | changes))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


class TestMerge:
    def test_writes_a_cluster_a_user_and_a_context(self, path: Path) -> None:
        assert merge(path, namespace="shop") == path
        config = load(path)
        assert config["clusters"][0] == {
            "name": "shop",
            "cluster": {
                "server": "https://shop.example:6443",
                "certificate-authority-data": base64.b64encode(CA.encode()).decode(),
            },
        }
        assert (
            config["contexts"][0]["context"].items()
            >= {
                "cluster": "shop",
                "user": "shop",
                "namespace": "shop",
            }.items()
        )
        assert config["users"][0]["user"]["exec"] == {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "clouddeploy",
            "args": ["cluster", "token", "--to", "aws"],
            "env": [{"name": "AWS_PROFILE", "value": "acme"}],
            "interactiveMode": "Never",
            "provideClusterInfo": "false",
        }

    def test_nobody_else_may_read_it(self, path: Path) -> None:
        merge(path)
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)

    def test_a_file_that_everybody_could_read_is_closed(self, foreign: Path) -> None:
        foreign.chmod(0o644)
        merge(foreign)
        assert mode(foreign) == 0o600

    def test_leaves_everything_else_as_it_was(self, foreign: Path) -> None:
        before = load(foreign)
        merge(foreign)
        after = load(foreign)
        for section in ("clusters", "users", "contexts"):
            assert after[section].pop()["name"] == "shop"
        assert after == before

    def test_again_changes_nothing(self, path: Path) -> None:
        merge(path)
        path.write_text("# a comment\n" + path.read_text())
        before = path.read_bytes()
        merge(path)
        assert path.read_bytes() == before

    def test_follows_a_cluster_that_moved(self, path: Path) -> None:
        merge(path)
        merge(path, access=KubeAccess("https://new.example", None, lambda: None))
        config = load(path)
        assert [entry["cluster"] for entry in config["clusters"]] == [{"server": "https://new.example"}]

    def test_without_verification_has_no_authority_beside_it(self, path: Path) -> None:
        merge(path, access=KubeAccess("https://x", CA, lambda: None, verify=False))
        assert load(path)["clusters"][0]["cluster"] == {
            "server": "https://x",
            "insecure-skip-tls-verify": "true",
        }

    def test_a_symbolic_link_stays_one(self, foreign: Path, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(foreign)
        merge(link)
        assert link.is_symlink()
        assert load(foreign)["contexts"][1]["name"] == "shop"

    def test_a_file_with_null_sections_is_accepted(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_text("apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\n")
        merge(path)
        assert load(path)["contexts"][0]["name"] == "shop"

    def test_an_empty_file_becomes_a_whole_one(self, path: Path) -> None:
        path.parent.mkdir()
        path.touch()
        merge(path)
        assert (load(path)["apiVersion"], load(path)["kind"]) == ("v1", "Config")


class TestCurrentContext:
    def test_stays(self, foreign: Path) -> None:
        merge(foreign)
        assert load(foreign)["current-context"] == "prod"

    def test_changes_when_asked(self, foreign: Path) -> None:
        merge(foreign, use=True)
        assert load(foreign)["current-context"] == "shop"

    def test_is_set_when_there_is_none(self, path: Path) -> None:
        merge(path)
        assert load(path)["current-context"] == "shop"


class TestRefusals:
    @pytest.mark.parametrize("section", ["clusters", "users", "contexts"])
    def test_a_name_that_another_tool_uses(self, path: Path, section: str) -> None:
        path.parent.mkdir()
        path.write_text(yaml.safe_dump({section: [{"name": "shop"}]}))
        before = path.read_bytes()
        with pytest.raises(ForeignResourceError, match="clouddeploy did not make") as caught:
            merge(path)
        assert caught.value.fix
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("users:\n- {token: s3cr3t", "is not YAML"),
            ("\ttoken: s3cr3t", r"is not YAML \(line 1\)"),
            ("- s3cr3t", "is not a kubeconfig"),
            ("clusters: s3cr3t", "is not a kubeconfig"),
            ("users: [s3cr3t]", "is not a kubeconfig"),
        ],
    )
    def test_a_broken_file_stays_and_is_not_quoted(self, path: Path, text: str, message: str) -> None:
        path.parent.mkdir()
        path.write_text(text)
        with pytest.raises(ConfigError, match=message) as caught:
            merge(path)
        assert caught.value.message.endswith("nothing was changed")
        assert caught.value.fix
        assert caught.value.__cause__ is None
        assert "s3cr3t" not in caught.value.message
        assert path.read_text() == text
        assert [file.name for file in path.parent.iterdir()] == ["config"]

    def test_bytes_that_are_no_text(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"\xff\xfe\x00\x80")
        with pytest.raises(ConfigError, match="is not YAML"):
            merge(path)

    def test_a_folder_in_its_place(self, path: Path) -> None:
        path.mkdir(parents=True)
        with pytest.raises(ConfigError, match="cannot be changed: Is a directory") as caught:
            merge(path)
        assert "KUBECONFIG" in str(caught.value.fix)


class TestConcurrency:
    def test_waits_for_kubectl_and_then_goes_on(self, foreign: Path) -> None:
        lock = Path(f"{foreign}.lock")
        lock.touch()
        threading.Timer(0.2, lock.unlink).start()
        merge(foreign)
        assert load(foreign)["contexts"][1]["name"] == "shop"

    def test_a_lock_that_stays_is_named(self, foreign: Path) -> None:
        lock = Path(f"{foreign}.lock")
        lock.touch()
        with pytest.raises(TemporaryError, match="is locked by another program") as caught:
            kubefile.edit(foreign, lambda config: config.clear(), lock_wait=0.1)
        assert str(lock) in str(caught.value.fix)
        assert foreign.read_text() == FOREIGN
        assert lock.exists()

    def test_writers_at_once_lose_nothing(self, path: Path) -> None:
        names = [f"shop-{number}" for number in range(8)]
        threads = [threading.Thread(target=merge, args=(path, name)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(entry["name"] for entry in load(path)["contexts"]) == names
        assert [file.name for file in path.parent.iterdir()] == ["config"]

    def test_a_change_that_fails_leaves_the_file_and_no_lock(self, foreign: Path) -> None:
        def fail(config: dict[str, Any]) -> None:
            config.clear()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            kubefile.edit(foreign, fail)
        assert foreign.read_text() == FOREIGN
        assert [file.name for file in foreign.parent.iterdir()] == ["config"]


class TestRemove:
    def test_takes_back_what_merging_added(self, foreign: Path) -> None:
        merge(foreign, use=True)
        assert remove_context(foreign, "shop") is True
        config = load(foreign)
        assert [len(config[section]) for section in ("clusters", "users", "contexts")] == [1, 1, 1]
        assert config["current-context"] == ""

    def test_of_nothing_says_so(self, foreign: Path, tmp_path: Path) -> None:
        assert remove_context(foreign, "shop") is False
        assert foreign.read_text() == FOREIGN
        assert remove_context(tmp_path / "missing", "shop") is False

    def test_leaves_another_tools_context(self, foreign: Path) -> None:
        with pytest.raises(ForeignResourceError):
            remove_context(foreign, "prod")
        assert foreign.read_text() == FOREIGN


class TestDefaultPath:
    def test_is_the_first_entry_of_kubeconfig(self) -> None:
        assert default_path({"KUBECONFIG": f"{os.pathsep}/a{os.pathsep}/b"}) == Path("/a")

    def test_is_in_the_home_folder_otherwise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/someone")
        assert default_path({}) == Path("/home/someone/.kube/config")


class TestExecCredential:
    def test_of_a_token(self) -> None:
        expires = datetime(2026, 11, 23, 12, 0, 0, 500, timezone(timedelta(hours=2)))
        assert json.loads(exec_credential(Token(Secret("t0ken"), expires))) == {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": "t0ken", "expirationTimestamp": "2026-11-23T10:00:00Z"},
        }

    def test_of_a_token_for_ever(self) -> None:
        assert json.loads(exec_credential(Token(Secret("t0ken"))))["status"] == {"token": "t0ken"}

    def test_of_a_certificate(self) -> None:
        status = json.loads(exec_credential(ClientCertificate(CA, Secret("key"))))["status"]
        assert status == {"clientCertificateData": CA, "clientKeyData": "key"}


def test_our_own_provider_reads_what_was_written(path: Path) -> None:
    token = Token(Secret("s3cr3t-token"), datetime(2030, 1, 1, tzinfo=UTC))
    merge(path, exec_command=[sys.executable, "-c", f"print({exec_credential(token)!r})"])
    options = {"context": "shop", "kubeconfig": str(path)}
    target = TargetSettings("shop", "kubernetes", ClusterSpec("shop"), options=options)
    access = plugins.connect(target).clusters.access("shop")
    assert (access.server, access.ca, access.verify) == (ACCESS.server, CA, True)
    assert access.credential() == token


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
class TestKubectl:
    """kubectl itself reads and changes what was written."""

    def test_reads_the_file_and_keeps_our_mark(self, foreign: Path) -> None:
        merge(foreign)
        kubectl(foreign, "config", "use-context", "shop")
        merge(foreign, namespace="web")
        view = json.loads(kubectl(foreign, "config", "view", "--raw", "-o", "json"))
        assert view["current-context"] == "shop"
        assert view["contexts"][1]["context"]["namespace"] == "web"
        assert view["users"][0]["user"]["token"] == "s3cr3t-token"

    def test_runs_the_command_for_a_credential(self, path: Path, tmp_path: Path) -> None:
        marker = tmp_path / "ran"
        token = exec_credential(Token(Secret("t"), datetime.now(UTC) + timedelta(hours=1)))
        script = f"import pathlib; pathlib.Path({str(marker)!r}).touch(); print({token!r})"
        access = KubeAccess("https://127.0.0.1:9", None, lambda: None)
        merge(path, access=access, exec_command=[sys.executable, "-c", script])
        with pytest.raises(subprocess.CalledProcessError) as caught:
            kubectl(path, "get", "namespaces", "--request-timeout=60s")
        assert "refused" in caught.value.stderr
        assert marker.exists()


def kubectl(path: Path, *arguments: str) -> str:
    command = ["kubectl", "--kubeconfig", str(path), *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": str(path.parent), "NO_PROXY": "*"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ, timeout=100)
    return done.stdout
