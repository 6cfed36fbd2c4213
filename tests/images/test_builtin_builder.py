"""Dockerfiles without RUN are built with no engine, and with Docker's results."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.app.model import Build
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.images.build import BuiltImage, build_image
from clouddeploy.images.manifest import config_of, parse_image
from clouddeploy.images.store import Store
from tests.images.archives import link, pack

Builder = Callable[..., BuiltImage]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    return folder


@pytest.fixture
def build(context: Path, store: Store) -> Builder:
    def run(dockerfile: str, **more: Any) -> BuiltImage:
        path = context / "Dockerfile"
        path.write_text(dockerfile)
        return build_image(Build(context, path, **more), "shop/web", store=store, engine="built-in")

    return run


def write(context: Path, *names: str) -> None:
    for name in names:
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")


def members(built: BuiltImage) -> dict[str, tarfile.TarInfo]:
    """The image's names, later layers over earlier ones."""
    found: dict[str, tarfile.TarInfo] = {}
    for layer in parse_image(built.image.store, built.image.manifest).layers:
        with built.image.open(layer.digest) as blob, tarfile.open(fileobj=gzip.open(blob)) as tar:
            found |= {each.name: each for each in tar}
    return found


def names(built: BuiltImage) -> list[str]:
    return sorted(name for name, info in members(built).items() if not info.isdir())


def content(built: BuiltImage, name: str) -> str:
    for layer in reversed(parse_image(built.image.store, built.image.manifest).layers):
        with built.image.open(layer.digest) as blob, tarfile.open(fileobj=gzip.open(blob)) as tar:
            if name in tar.getnames() and (file := tar.extractfile(name)):
                return file.read().decode()
    raise KeyError(name)


def config(built: BuiltImage) -> dict[str, Any]:
    return dict(json.loads(config_of(built.image.store, built.image.manifest)))


def test_a_file_and_a_command(build: Builder, context: Path, store: Store) -> None:
    write(context, "hello")
    built = build('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n')

    assert built.engine == "built-in"
    assert content(built, "hello") == "content of hello"
    assert config(built)["config"] == {
        "Cmd": ["/hello"],
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    }
    assert (config(built)["os"], config(built)["architecture"]) == ("linux", "amd64")
    assert store.find("shop/web") == built.image.manifest


def test_the_same_input_gives_the_same_digest(build: Builder, context: Path, tmp_path: Path) -> None:
    write(context, "a/x", "a/y", "b")
    first = build("FROM scratch\nCOPY . /app\n")
    os.utime(context / "b", (1, 1))
    (context / "a" / "x").chmod(0o600)
    (context / "a").chmod(0o700)
    again = build("FROM scratch\nCOPY . /app\n")

    assert first.image.manifest == again.image.manifest
    assert (first.cached, again.cached) == (False, True)


def test_nothing_of_the_machine_is_in_the_layers(build: Builder, context: Path) -> None:
    write(context, "plain", "program")
    (context / "program").chmod(0o4775)
    built = build("FROM scratch\nCOPY . /app\n")

    for info in members(built).values():
        assert (info.uid, info.gid, info.uname, info.gname, info.mtime) == (0, 0, "", "", 0)
    modes = {name: oct(info.mode) for name, info in members(built).items()}
    assert modes["app"] == modes["app/program"] == "0o755"
    assert modes["app/plain"] == "0o644"
    assert config(built)["created"] == "1970-01-01T00:00:00Z"


def test_source_date_epoch(build: Builder, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    write(context, "a")
    built = build("FROM scratch\nCOPY a /a\n")
    assert members(built)["a"].mtime == 1700000000
    assert config(built)["created"] == "2023-11-14T22:13:20Z"
    assert {each["created"] for each in config(built)["history"]} == {"2023-11-14T22:13:20Z"}


@pytest.mark.parametrize("value", ["yesterday", "-1", "1e9", "9" * 30])
def test_a_source_date_epoch_that_is_none(
    build: Builder, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(ConfigError, match=r"SOURCE_DATE_EPOCH is .*, not a number of seconds") as caught:
        build("FROM scratch\n")
    assert caught.value.fix == "for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)"


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY a.txt /dst", ["dst"]),
        ("COPY a.txt /dst/", ["dst/a.txt"]),
        ("COPY a.txt .", ["a.txt"]),
        ("COPY dir /dst", ["dst/b.txt", "dst/deep/c.txt"]),
        ("COPY dir /", ["b.txt", "deep/c.txt"]),
        ("COPY dir/. /dst", ["dst/b.txt", "dst/deep/c.txt"]),
        ("COPY *.txt /dst/", ["dst/a.txt", "dst/z.txt"]),
        ("COPY ?.txt dir /dst/", ["dst/a.txt", "dst/b.txt", "dst/deep/c.txt", "dst/z.txt"]),
        ("COPY d*/b.txt /dst/", ["dst/b.txt"]),
        ("COPY dir/** /dst/", ["dst/b.txt", "dst/c.txt"]),
        ("COPY /a.txt ./dir/../z.txt /dst/", ["dst/a.txt", "dst/z.txt"]),
        ('COPY ["a.txt", "/with space"]', ["with space"]),
        ("ARG F=a\nCOPY ${F}.txt /$F", ["a"]),
        ("WORKDIR /w\nCOPY a.txt b/c", ["w/b/c"]),
        ("COPY a.txt /dst/\nCOPY z.txt /dst", ["dst/a.txt", "dst/z.txt"]),
        ("COPY empty /dst", []),
        ("ADD a.txt /dst/", ["dst/a.txt"]),
        ("COPY --link a.txt /l", ["l"]),
    ],
)
def test_where_copies_go(build: Builder, context: Path, copy: str, expected: list[str]) -> None:
    write(context, "a.txt", "z.txt", "dir/b.txt", "dir/deep/c.txt")
    (context / "empty").mkdir()
    assert names(build(f"FROM scratch\n{copy}\n")) == expected


def test_links_stay_links_but_a_source_is_followed(build: Builder, context: Path) -> None:
    write(context, "dir/file")
    (context / "dir" / "link").symlink_to("file")
    (context / "top").symlink_to("dir/file")
    built = build("FROM scratch\nCOPY dir /dir\nCOPY top /top\n")

    assert members(built)["dir/link"].linkname == "file"
    assert members(built)["top"].isreg()
    assert content(built, "top") == "content of dir/file"


def test_a_link_in_the_image_is_followed(build: Builder, context: Path) -> None:
    """As in Debian, where /bin is a link to usr/bin."""
    write(context, "tool", "root/usr/bin/sh")
    (context / "root" / "bin").symlink_to("usr/bin")
    assert names(build("FROM scratch\nCOPY root /\nCOPY tool /bin/\n")) == [
        "bin",
        "usr/bin/sh",
        "usr/bin/tool",
    ]


def test_owner_and_mode(build: Builder, context: Path) -> None:
    write(context, "a")
    built = build(
        "FROM scratch\nCOPY --chown=10:20 --chmod=0640 a /d/one\n"
        "COPY --chown=7 a /two\nCOPY --chown=root a /three\n"
    )
    found = {name: (each.uid, each.gid, oct(each.mode)) for name, each in members(built).items()}
    assert found == {
        "d": (10, 20, "0o755"),
        "d/one": (10, 20, "0o640"),
        "two": (7, 7, "0o644"),
        "three": (0, 0, "0o644"),
    }


def test_heredocs(build: Builder) -> None:
    built = build(
        'FROM scratch\nARG WHO=you\nCOPY <<EOF <<"RAW" /etc/\nhello $WHO\nEOF\nkeep $WHO\nRAW\n'
        "COPY <<X /x.conf\n1\nX\n"
    )
    assert content(built, "etc/EOF") == "hello you\n"
    assert content(built, "etc/RAW") == "keep $WHO\n"
    assert content(built, "x.conf") == "1\n"


def test_dockerignore(build: Builder, context: Path) -> None:
    write(context, "a.log", "keep.log", "logs/x", "logs/y", "src/b")
    (context / ".dockerignore").write_text("*.log\n!keep.log\nlogs\n!logs/y\n.dockerignore\nDockerfile\n")
    assert names(build("FROM scratch\nCOPY . /\n")) == ["keep.log", "logs/y", "src/b"]


def test_stages(build: Builder, context: Path) -> None:
    write(context, "src/a", "src/sub/b")
    (context / "src" / "sub" / "l").symlink_to("b")
    built = build(
        "FROM scratch AS base\nENV A=1\nCOPY --chown=5:6 src /src\n"
        "FROM base AS next\nENV B=$A\n"
        "FROM scratch AS unused\nRUN never\n"
        "FROM scratch\nCOPY --from=next /src /out\nCOPY --from=0 /src/sub/l /followed\n"
    )
    assert names(built) == ["followed", "out/a", "out/sub/b", "out/sub/l"]
    assert content(built, "followed") == "content of src/sub/b"
    assert members(built)["out/a"].uid == 5


def test_a_target_and_arguments(build: Builder, context: Path) -> None:
    write(context, "dev.conf", "prod.conf")
    dockerfile = (
        "ARG KIND=dev\nFROM scratch AS one\nARG KIND\nCOPY $KIND.conf /conf\nENV KIND=$KIND\n"
        "FROM scratch AS two\nCOPY nothing /\n"
    )
    assert content(build(dockerfile, target="one"), "conf") == "content of dev.conf"
    built = build(dockerfile, target="one", args={"KIND": "prod"})
    assert content(built, "conf") == "content of prod.conf"
    assert "KIND=prod" in config(built)["config"]["Env"]


def test_platform_arguments(build: Builder) -> None:
    built = build(
        "FROM --platform=$TARGETPLATFORM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\n",
        platform="linux/arm64",
    )
    assert "ARCH=arm64" in config(built)["config"]["Env"]
    assert config(built)["architecture"] == "arm64"


def test_history_has_a_note_for_every_instruction(build: Builder, context: Path) -> None:
    write(context, "a")
    history = config(build("FROM scratch\nENV A=1\nCOPY a /a\nWORKDIR /w\nWORKDIR /w\n"))["history"]
    assert [(each["created_by"], each.get("empty_layer", False)) for each in history] == [
        ("ENV A=1", True),
        ("COPY a /a", False),
        ("WORKDIR /w", False),
        ("WORKDIR /w", True),
    ]


@pytest.mark.parametrize("press", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_add_unpacks_archives(build: Builder, context: Path, press: Callable[[bytes], bytes]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("bin/tool")
        info.size, info.mode, info.uid, info.mtime = 4, 0o4755, 12, 999
        tar.addfile(info, io.BytesIO(b"tool"))
        tar.addfile(link("bin/again", "bin/tool", tarfile.LNKTYPE)[1])
        tar.addfile(link("bin/sym", "tool")[1])
    (context / "root.tar").write_bytes(press(out.getvalue()))
    built = build("FROM scratch\nADD root.tar /opt\n")

    found = members(built)
    assert names(built) == ["opt/bin/again", "opt/bin/sym", "opt/bin/tool"]
    assert (found["opt/bin/tool"].mode, found["opt/bin/tool"].uid, found["opt/bin/tool"].mtime) == (
        0o4755,
        12,
        0,
    )
    assert content(built, "opt/bin/again") == "tool"
    assert found["opt/bin/sym"].linkname == "tool"


def test_copy_does_not_unpack_archives(build: Builder, context: Path) -> None:
    (context / "root.tar").write_bytes(pack([("x", b"x")]))
    assert names(build("FROM scratch\nCOPY root.tar /\n")) == ["root.tar"]


# What is refused: file, line, the line itself, a caret; and nothing is tagged.


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("COPY missing /x", "COPY missing: no file matches in the build context"),
        ("COPY *.nope /x/", "COPY *.nope: no file matches in the build context"),
        ("COPY hidden /x", "COPY hidden: it is excluded by .dockerignore"),
        ("COPY ../secret /x", "../secret leads out of the build context"),
        ("COPY a/../../secret /x", "a/../../secret leads out of the build context"),
        ("COPY outside /x", "COPY outside: no file matches in the build context"),
        ("COPY [a /x", "malformed pattern [a"),
        ("COPY circle /x", "the links at circle go in a circle"),
        ("COPY a b /x", "with several sources the destination must end with a slash"),
        ("COPY fifo /x", "fifo is neither a file nor a folder nor a link"),
        ("COPY a /a\nCOPY dir /a", "/a is no folder in the image"),
        ("COPY a /t/dir\nCOPY tree /t", "cannot copy tree/dir: /t/dir is no folder in the image"),
        ("COPY --chown=www-data a /x", "--chown=www-data: the built-in builder takes numeric users"),
        ("COPY --chmod=u+x a /x", "--chmod=u+x: the built-in builder takes octal modes only"),
        ("COPY --parents a /x", "the built-in builder does not know --parents"),
        ("ADD https://example.com/x /x", "ADD https://example.com/x: the built-in builder fetches nothing"),
        ("ADD git@github.com:a/b.git /x", "the built-in builder fetches nothing from other places"),
        ("ADD broken.tar.gz /x", "ADD broken.tar.gz: the archive is damaged"),
        ("ADD evil.tar /x", "ADD evil.tar: its member '../evil' leads out of the archive"),
        ("ADD evil.tar a /x/", "the built-in builder adds archives and other files one ADD at a time"),
        ("EXPOSE http", '"http" is no port'),
        ("EXPOSE 70000", '"70000" is no port'),
        ("HEALTHCHECK --interval=often CMD x", '"often" is no duration such as 30s or 1m30s'),
        ("HEALTHCHECK --retries=x CMD x", '"x" is no number of retries'),
        ("ONBUILD COPY a /x", "the built-in builder cannot do ONBUILD"),
        ("COPY ${NO:?} /x", "NO: a value is required"),
    ],
)
def test_mistakes(build: Builder, context: Path, store: Store, line: str, message: str) -> None:
    write(context, "a", "b", "hidden", "dir/x", "tree/dir/x")
    write(context.parent, "secret")
    (context / ".dockerignore").write_text("hidden\n")
    (context / "outside").symlink_to("../secret")
    (context / "circle").symlink_to("circle")
    os.mkfifo(context / "fifo")
    raw = gzip.compress(pack([("x", os.urandom(90_000))]))
    (context / "broken.tar.gz").write_bytes(raw[:50_000])
    (context / "evil.tar").write_bytes(pack([("../evil", b"x")]))
    with pytest.raises(ConfigError) as caught:
        build(f"FROM scratch\n{line}\n")

    lines = caught.value.message.splitlines()
    number = 1 + len(line.splitlines())
    assert f"Dockerfile:{number}:" in lines[0]
    assert message in lines[0]
    assert lines[-2].endswith("^")
    assert lines[-1] == "nothing was changed"
    assert caught.value.fix
    assert store.find("shop/web") is None


def test_the_caret_is_under_the_word(build: Builder) -> None:
    with pytest.raises(ConfigError) as caught:
        build("FROM scratch\nCOPY missing /x\n")
    line, caret = caught.value.message.splitlines()[-3:-1]
    assert caret.index("^") == line.index("missing")


def test_a_context_that_cannot_be_read(build: Builder, context: Path, store: Store) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    with pytest.raises(ConfigError, match=r"the build context .* cannot be read: No such file") as caught:
        build_image(
            Build(context / "gone", context / "Dockerfile"), "shop/web", store=store, engine="built-in"
        )
    assert caught.value.fix == "make it readable, or exclude it in .dockerignore"


def test_a_run_is_refused_with_its_place(build: Builder) -> None:
    with pytest.raises(CloudDeployError, match=r"Dockerfile:2: the built-in builder cannot do RUN") as caught:
        build("FROM scratch\nRUN make\n")
    assert caught.value.fix == "build with docker, podman or buildah"
    assert caught.value.exit_code == 5
