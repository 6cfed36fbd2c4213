"""Tar streams are read strictly, and never unpacked."""

from __future__ import annotations

import io
import tarfile

import pytest

from clouddeploy.errors import CloudDeployError
from clouddeploy.images import tarstream
from clouddeploy.images.tarstream import members
from tests.images.archives import link, pack


def read(raw: bytes) -> list[tuple[str, bytes | str]]:
    found = members(io.BytesIO(raw), "the archive")
    return [(each.name, each.link if each.link is not None else b"".join(each.chunks())) for each in found]


def refusal(raw: bytes) -> CloudDeployError:
    with pytest.raises(CloudDeployError) as caught:
        read(raw)
    assert caught.value.fix == "build or save the image again; nothing was imported from it"
    return caught.value


def test_files_and_links_in_their_order() -> None:
    raw = pack([("b/layer.tar", b"layer"), link("a/layer.tar", "../b/layer.tar"), ("./manifest.json", b"[]")])
    assert read(raw) == [("b/layer.tar", b"layer"), ("a/layer.tar", "b/layer.tar"), ("manifest.json", b"[]")]


def test_hard_links_are_from_the_root() -> None:
    assert read(pack([link("a/x", "b/y", tarfile.LNKTYPE)])) == [("a/x", "b/y")]


@pytest.mark.parametrize("fmt", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names(fmt: int) -> None:
    name = "d/" * 100 + "ö" * 60
    assert read(pack([(name, b"x"), ("short", b"y")], fmt=fmt)) == [(name, b"x"), ("short", b"y")]


@pytest.mark.parametrize("fmt", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_links(fmt: int) -> None:
    target = "d/" * 100 + "x"
    assert read(pack([link("a", target)], fmt=fmt)) == [("a", target)]


def test_unread_content_is_skipped() -> None:
    raw = pack([("a", bytes(100_000)), ("b", b"x")])
    assert [each.name for each in members(io.BytesIO(raw), "it")] == ["a", "b"]


def test_a_pipe_may_give_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    found = [(each.name, b"".join(each.chunks())) for each in members(Slow(pack([("a", b"x" * 999)])), "it")]
    assert found == [("a", b"x" * 999)]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", ".."])
def test_paths_that_lead_out(name: str) -> None:
    assert refusal(pack([(name, b"x")])).message == (
        f"the archive: member {name!r}: the path {name!r} leads out of the archive"
    )


@pytest.mark.parametrize("target", ["../../x", "../.."])
def test_links_that_lead_out(target: str) -> None:
    assert "leads out of the archive" in refusal(pack([link("a/layer.tar", target)])).message


def test_absolute_links() -> None:
    error = refusal(pack([link("a/layer.tar", "/etc/shadow")]))
    assert error.message == "the archive: member 'a/layer.tar': links to the absolute path '/etc/shadow'"


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices(kind: bytes) -> None:
    error = refusal(pack([link("dev/null", "", kind)]))
    assert error.message == (
        "the archive: member 'dev/null': only files, folders and links belong into an image archive"
    )


def test_the_end_in_the_middle_of_a_member() -> None:
    raw = pack([("a", b"x" * 5000)])
    assert refusal(raw[:2000]).message == "the archive: member 'a': the archive ends in the middle of it"


def test_the_end_without_an_end_mark() -> None:
    raw = pack([("a", b"x" * 512)])
    assert (
        refusal(raw[:1024]).message
        == "the archive: member 'a': the archive ends after it, without an end mark"
    )


def test_nothing_at_all() -> None:
    assert "the archive ends after it" in refusal(b"").message


def test_what_is_no_tar() -> None:
    raw = pack([("a", b"x")])[:1024] + b"garbage " * 64
    assert "member 'a': what follows it is not a tar header" in refusal(raw).message


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarstream, "MAX_MEMBERS", 3)
    error = refusal(pack([(str(number), b"") for number in range(5)]))
    assert error.message == "the archive: member '2': the archive has more than 3 members"


def test_a_header_of_gigabytes() -> None:
    info = tarfile.TarInfo("huge")
    info.type, info.size = tarfile.XHDTYPE, 5_000_000_000
    error = refusal(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    assert error.message == "the archive: member 'huge': its header of 5000000000 bytes is too large"


@pytest.mark.parametrize(
    "body", [b"no length", b"999 path=x\n", b"9 size=x\n", b"0 a=b\n", b"-7 path=x\n", b"12"]
)
def test_damaged_pax_headers(body: bytes) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    raw = info.tobuf() + body.ljust(512, b"\0") + pack([("a", b"x")])
    assert refusal(raw).message == "the archive: member '(start)': the pax header after it is damaged"


def test_a_negative_size() -> None:
    body = b"12 size=-5\n".replace(b"12", b"11")
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    raw = info.tobuf() + body.ljust(512, b"\0") + pack([("a", b"x")])
    assert refusal(raw).message == "the archive: member 'a': its size is negative"


def test_long_names_are_cut_in_errors() -> None:
    name = "../" + "x" * 5000
    assert len(refusal(pack([(name, b"")], fmt=tarfile.PAX_FORMAT)).message) < 6000
