"""Where the app's description is found."""

# ruff: noqa: E501  # tables

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clouddeploy.app.load import label, load_app
from clouddeploy.app.model import Build, Expose, Health, Inferred, Service
from clouddeploy.errors import ConfigError

Write = Callable[[dict[str, str]], Path]


def named(app: str) -> str:
    """The shortest file that describes an app."""
    return f"apiVersion: clouddeploy/v1\napp: {app}\nservices: {{web: {{image: nginx}}}}\n"


GOOGLE = "apiVersion: deploy.cloud.google.com/v1\nkind: DeliveryPipeline\n---\napiVersion: deploy.cloud.google.com/v1\n"


def refused(folder: Path, config: Path | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_app(folder, config)
    return caught.value


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"clouddeploy.yaml": named("a"), "clouddeploy.yml": named("b"), "Dockerfile": "FROM x"}, "a"),
        ({"clouddeploy.yml": named("b"), ".clouddeploy.yaml": named("c")}, "b"),
        ({".clouddeploy.yaml": named("c"), "Dockerfile": "FROM x"}, "c"),
        ({"clouddeploy.yaml": GOOGLE, ".clouddeploy.yaml": named("c")}, "c"),
        ({"clouddeploy.yaml": GOOGLE, "Dockerfile": "FROM x"}, "shop"),
        ({"Dockerfile": "FROM x"}, "shop"),
    ],
)
def test_the_first_file_that_is_ours_is_read(write: Write, files: dict[str, str], name: str) -> None:
    assert load_app(write(files)).name == name


def test_a_file_can_be_named_and_its_folder_is_then_the_root(write: Write, folder: Path) -> None:
    write({"clouddeploy.yaml": named("a"), "deploy/other.yaml": named("b")})
    app = load_app(folder, Path("deploy/other.yaml"))
    assert (app.name, app.root, app.source) == ("b", folder / "deploy", folder / "deploy/other.yaml")


def test_a_dockerfile_alone_is_an_app(write: Write, folder: Path) -> None:
    write(
        {
            "Dockerfile": "FROM node\nEXPOSE 3000 9229\nHEALTHCHECK --interval=5s CMD wget -q localhost:3000/up\n"
        }
    )
    app = load_app(folder)
    assert app.services == (
        Service(
            "shop",
            build=Build(folder, folder / "Dockerfile"),
            port=3000,
            health=Health("/up", interval=5, timeout=30),
            expose=Expose(),
        ),
    )
    assert app.inferred == (
        Inferred("app", "shop", "folder shop"),
        Inferred("services.shop.port", "3000", "Dockerfile:2 EXPOSE 3000 9229"),
        Inferred("services.shop.health", "HTTP /up", "Dockerfile:3 HEALTHCHECK"),
        Inferred("services.shop.expose", "true", "port 3000"),
    )


def test_without_a_port_it_is_not_exposed(write: Write) -> None:
    (service,) = load_app(write({"Dockerfile": "FROM node\nHEALTHCHECK CMD ./check\n"})).services
    assert (service.port, service.expose) == (None, None)
    assert service.health is not None


@pytest.mark.parametrize(
    ("folder_name", "name"),
    [
        ("Shop", "shop"),
        ("my_shop.v2", "my-shop-v2"),
        ("--x--", "x"),
        ("店", "app"),
        ("", "app"),
        ("a" * 70, "a" * 63),
    ],
)
def test_the_folders_name_becomes_a_label(folder_name: str, name: str) -> None:
    assert label(folder_name) == name


def test_an_empty_folder(folder: Path) -> None:
    error = refused(folder)
    assert error.message == "no clouddeploy.yaml and no Dockerfile in ."
    assert error.fix == "write one of them, or name a file with -c"


def test_a_folder_with_nothing_but_google_cloud_deploys_file(write: Write) -> None:
    error = refused(write({"clouddeploy.yaml": GOOGLE}))
    assert error.message == (
        "no clouddeploy.yaml and no Dockerfile in .; the clouddeploy.yaml there belongs to Google Cloud Deploy "
        "(apiVersion deploy.cloud.google.com/…)"
    )
    assert error.fix == "write .clouddeploy.yaml, or name a file with -c"


def test_google_cloud_deploys_file_named_outright(write: Write) -> None:
    error = refused(write({"clouddeploy.yaml": GOOGLE}), Path("clouddeploy.yaml"))
    assert error.message.startswith("clouddeploy.yaml belongs to Google Cloud Deploy")
    assert error.fix == "write clouddeploy's own file as .clouddeploy.yaml"


def test_a_named_file_that_is_not_there(folder: Path) -> None:
    error = refused(folder, Path("nope.yaml"))
    assert (error.message, error.fix) == ("nope.yaml does not exist", "check the path")


def test_a_named_folder(folder: Path) -> None:
    error = refused(folder, Path())
    assert error.message == ". is a folder, not a file"


def test_a_folder_that_is_not_there(folder: Path) -> None:
    error = refused(folder / "none")
    assert error.message == "the folder none cannot be read: No such file or directory"
    assert error.fix == "check the path and its permissions"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(folder: Path) -> None:
    folder.chmod(0)
    try:
        assert "Permission denied" in refused(folder).message
    finally:
        folder.chmod(0o700)


def test_a_dockerfile_alone_with_a_mistake(write: Write) -> None:
    error = refused(write({"Dockerfile": "FRMO x\n"}))
    assert (
        error.message.splitlines()[0] == 'Dockerfile:1:1: unknown instruction "FRMO" (did you mean "FROM"?)'
    )
