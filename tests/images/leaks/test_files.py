"""Files that tools keep logins in, and the files in which a secret is none."""

from __future__ import annotations

import base64

import pytest

from tests.images.leaks.samples import AWS_SECRET, PASSWORD, TOKENS, docker_config, pem
from tests.images.leaks.scanning import kinds, scan

LOGINS = {
    "root/.netrc": (f"machine git.acme.io\n login bot\n password {PASSWORD}\n", "password in .netrc", 3),
    "etc/apt/auth.conf": (f"machine deb.acme.io login bot password {PASSWORD}", "password in .netrc", 1),
    "root/.pgpass": (f"# all\ndb:5432:*:app:{PASSWORD}\n", "password in .pgpass", 2),
    "root/.git-credentials": (f"https://bot:{PASSWORD}@git.acme.io\n", "git login", 1),
    "src/.git/config": (
        f'[remote "origin"]\n url = https://bot:{PASSWORD}@git.acme.io/a.git',
        "git login",
        2,
    ),
    "etc/pip.conf": (
        f"[global]\nindex-url = https://bot:{PASSWORD}@pip.acme.io/simple",
        "package index login",
        2,
    ),
    "root/.pypirc": (f"[pypi]\nusername = bot\npassword = {PASSWORD}\n", "package index login", 3),
    "root/.my.cnf": (f"[client]\npassword={PASSWORD}\n", "MySQL password", 2),
    "app/.env": (f"DEBUG=0\nexport DB_PASSWORD='{PASSWORD}'\n", "secret in .env", 2),
    "app/.env.production": (f"DATABASE_URL=postgres://app:{PASSWORD}@db.acme.io/app", "secret in .env", 1),
    "root/.npmrc": (f"//npm.acme.io/:_authToken={PASSWORD}\n", "npm login", 1),
    "root/.docker/config.json": (docker_config(PASSWORD).decode(), "Docker registry login", 1),
    "root/.aws/credentials": (f"[default]\naws_secret_access_key = {AWS_SECRET}\n", "AWS secret key", 2),
}


@pytest.mark.parametrize("path", LOGINS)
def test_a_login_is_found_where_its_tool_keeps_it(path: str) -> None:
    text, kind, line = LOGINS[path]
    (found,) = scan([(path, text.encode())])
    assert (found.path, found.kind, found.line) == (path, kind, line)
    assert PASSWORD not in f"{found} {found!r}"


def test_a_kubeconfig_with_a_clients_key_is_found() -> None:
    data = base64.b64encode(pem("ec").encode()).decode()
    text = f"users:\n- name: admin\n  user:\n    client-key-data: {data}\n"
    assert kinds([("root/.kube/config", text.encode())]) == ["kubeconfig client key"]


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD=",
        "DB_PASSWORD=changeme",
        "DB_PASSWORD=${PASSWORD}",
        "DB_PASSWORD=/run/secrets/db",
        "API_TOKEN=<your token>",
        "SECRET_KEY=xxxxxxxxxxxx",
        "TOKEN_URL=https://login.acme.io/token",
        "PASSWORD_FILE=pX9unlikelyName",
        "REACT_APP_API_KEY=pX9unlikelyKey",
        "DATABASE_URL=postgres://postgres:postgres@db/app",
        "LANG=en_GB.UTF-8",
    ],
)
def test_place_holders_references_and_public_values_are_none(line: str) -> None:
    assert kinds([("app/.env", line.encode())]) == []


@pytest.mark.parametrize("name", [".env.example", ".env.sample", ".env.test", "environment", "venv.txt"])
def test_only_env_files_that_are_used_count(name: str) -> None:
    assert kinds([(f"app/{name}", f"DB_PASSWORD={PASSWORD}".encode())]) == []


@pytest.mark.parametrize(
    "path",
    [
        "app/node_modules/ssh2/test/fixtures/id_rsa",
        "usr/lib/python3/dist-packages/twisted/test/server.pem",
        "usr/lib/python3.11/test/ssl_key.pem",
        "usr/local/go/src/crypto/tls/testdata/key.pem",
        "usr/share/doc/libxmlsec1-dev/examples/rsakey.pem",
        "etc/ssl/private/ssl-cert-snakeoil.key",
    ],
)
def test_keys_that_packages_publish_are_none(path: str) -> None:
    assert kinds([(path, pem("ec").encode())]) == []


def test_the_same_key_beside_them_is_one() -> None:
    assert kinds([("app/tls/key.pem", pem("ec").encode())]) == ["private key"]
    assert kinds([("app/node_modules/mine/deploy.js", TOKENS["npm token"].encode())]) == ["npm token"]


def test_env_files_of_packages_are_nobodys() -> None:
    assert kinds([("app/node_modules/x/.env", f"DB_PASSWORD={PASSWORD}".encode())]) == []
