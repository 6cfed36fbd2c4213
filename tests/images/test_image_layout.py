"""Layouts that nobody has checked: what is missing, damaged or hostile is an error, never another image."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy.images.layout import archive_image, folder_image, is_layout_archive
from clouddeploy.oci.descriptor import Descriptor
from clouddeploy.push.plan import read_plan
from tests.images.archives import link, pack
from tests.images.layouts import add_referrer, make_release, named, pack_layout, write_layout
from tests.oci.images import DirectorySource, make_image


@pytest.fixture
def image(tmp_path: Path) -> DirectorySource:
    return make_image(tmp_path / "image")


@pytest.fixture
def layout(tmp_path: Path, image: DirectorySource) -> Path:
    return write_layout(tmp_path / "layout", image, [image.manifest])


def entry(image: DirectorySource, **more: Any) -> dict[str, Any]:
    return {**image.manifest.to_json(), **more}


BAD: dict[str, Callable[[DirectorySource], str]] = {
    "not JSON": lambda _: "hello",
    "no object": lambda _: "[]",
    "no manifests": lambda _: "{}",
    "manifests that are no list": lambda _: '{"manifests": 7}',
    "nested without end": lambda _: "[" * 100_000,
    "larger than any index": lambda image: json.dumps({"x": "x" * 5_000_000, "manifests": [entry(image)]}),
    "a digest that is a path": lambda image: json.dumps(
        {"manifests": [entry(image, digest="sha256:../../../../etc/passwd")]}
    ),
    "a digest in capitals": lambda image: json.dumps(
        {"manifests": [entry(image, digest="sha256:" + "A" * 64)]}
    ),
    "a negative size": lambda image: json.dumps({"manifests": [entry(image, size=-1)]}),
    "no media type": lambda image: json.dumps({"manifests": [entry(image, mediaType=None)]}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_an_index_that_is_none(
    body: Callable[[DirectorySource], str], layout: Path, image: DirectorySource
) -> None:
    (layout / "index.json").write_text(body(image))
    with pytest.raises(CloudDeployError, match=r"its index.json is missing or damaged"):
        folder_image(layout)


def test_a_digest_that_is_not_the_manifests(layout: Path, image: DirectorySource) -> None:
    layers = [path for path in image.directory.iterdir() if path.stat().st_size >= 2000]
    other = Descriptor(image.manifest.media_type, layers[0].name.replace("-", ":"), image.manifest.size)
    (layout / "index.json").write_text(json.dumps({"manifests": [other.to_json()]}))
    with pytest.raises(CloudDeployError, match=r"is damaged: the manifest sha256:.* is not what its digest"):
        read_plan(folder_image(layout))


def test_a_manifest_that_was_changed(layout: Path, image: DirectorySource) -> None:
    manifest = layout / "blobs" / "sha256" / image.manifest.digest.partition(":")[2]
    manifest.write_bytes(manifest.read_bytes().replace(b"sha256:1", b"sha256:2").replace(b" ", b"\n", 1))
    with pytest.raises(CloudDeployError, match="is not what its digest says"):
        read_plan(folder_image(layout))


def test_a_media_type_outside_that_no_image_has_is_the_one_inside(
    layout: Path, image: DirectorySource
) -> None:
    index = {"manifests": [entry(image, mediaType="text/html")]}
    (layout / "index.json").write_text(json.dumps(index))
    [document] = read_plan(folder_image(layout)).documents
    assert document.descriptor.media_type == image.manifest.media_type


def test_a_media_type_that_contradicts_the_manifest(layout: Path, image: DirectorySource) -> None:
    index = {"manifests": [entry(image, mediaType="application/vnd.oci.image.index.v1+json")]}
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(CloudDeployError, match="its media type inside and outside differ"):
        read_plan(folder_image(layout))


def test_what_is_no_blob_in_a_folder(layout: Path, image: DirectorySource) -> None:
    manifest = layout / "blobs" / "sha256" / image.manifest.digest.partition(":")[2]
    manifest.unlink()
    with pytest.raises(CloudDeployError, match=r"is damaged: .*No such file"):
        read_plan(folder_image(layout))
    manifest.mkdir()
    with pytest.raises(CloudDeployError, match=r"is damaged: .*Is a directory"):
        read_plan(folder_image(layout))


class TestChoice:
    def test_an_image_with_what_refers_to_it_is_one_image(self, tmp_path: Path) -> None:
        source, others = make_release(tmp_path / "release")
        found = folder_image(write_layout(tmp_path / "layout", source, [source.manifest, *others]))
        assert found.manifest.digest == source.manifest.digest
        assert [one.digest for one in found.referrers(source.manifest.digest)] == [others[0].digest]
        assert [one.digest for one in found.referrers(others[0].digest)] == [others[1].digest]

    def test_one_image_under_two_names_is_one_image(self, tmp_path: Path, image: DirectorySource) -> None:
        entries = [named(image.manifest, "v1"), named(image.manifest, "latest")]
        layout = write_layout(tmp_path / "layout", image, entries)
        assert folder_image(layout).manifest.digest == image.manifest.digest

    def test_a_name_that_is_not_there(self, layout: Path, image: DirectorySource) -> None:
        with pytest.raises(NotFoundError, match=f"has no image called v9, but {image.manifest.digest}"):
            folder_image(layout, "v9")

    def test_of_many_names_the_first_are_shown(self, tmp_path: Path, image: DirectorySource) -> None:
        entries = [named(image.manifest, f"v{number:02}") for number in range(20)]
        layout = write_layout(tmp_path / "layout", image, entries)
        with pytest.raises(NotFoundError, match=r"v09, …$"):
            folder_image(layout, "nope")

    def test_another_entry_that_is_damaged_does_not_matter(
        self, tmp_path: Path, image: DirectorySource
    ) -> None:
        other = add_referrer(image, image.manifest, "text/spdx")
        layout = write_layout(tmp_path / "layout", image, [named(image.manifest, "v1"), other])
        (layout / "blobs" / "sha256" / other.digest.partition(":")[2]).write_text("hello")
        assert folder_image(layout, "v1").referrers(image.manifest.digest) == []


class TestTars:
    def test_truncated_anywhere_it_is_refused(self, layout: Path, tmp_path: Path) -> None:
        raw = pack_layout(layout, tmp_path / "whole.tar").read_bytes()
        end = raw.rstrip(b"\0")
        for length in (0, 300, 512, 3000, len(end) // 2, len(end) - 1):
            (tmp_path / "cut.tar").write_bytes(raw[:length])
            with pytest.raises(CloudDeployError, match="the archive ends"):
                archive_image(tmp_path / "cut.tar")

    @pytest.mark.parametrize(
        "what",
        [
            lambda name: link(name, "/etc/passwd"),
            lambda name: link(name, "../../../etc/passwd"),
            lambda name: link(name, "../../../../oci-layout", tarfile.LNKTYPE),
        ],
    )
    def test_a_link_that_leads_out(
        self, what: Callable[[str], tuple[str, tarfile.TarInfo]], tmp_path: Path
    ) -> None:
        (tmp_path / "x.tar").write_bytes(pack([what("blobs/sha256/x")]))
        with pytest.raises(CloudDeployError, match=r"out of the archive|absolute path"):
            archive_image(tmp_path / "x.tar")

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
    def test_what_is_no_file_is_no_blob(self, kind: bytes, layout: Path, image: DirectorySource) -> None:
        blob = f"blobs/sha256/{image.manifest.digest.partition(':')[2]}"
        (layout / blob).unlink()
        file = pack_layout(layout, layout.parent / "layout.tar")
        info = tarfile.TarInfo(blob)
        info.type, info.linkname = kind, "index.json" if kind == tarfile.LNKTYPE else "../../index.json"
        with tarfile.open(file, "a") as tar:
            tar.addfile(info)
        with pytest.raises(CloudDeployError, match=r"is damaged: .*not in the archive"):
            read_plan(archive_image(file))

    def test_a_name_that_leads_out(self, tmp_path: Path) -> None:
        (tmp_path / "x.tar").write_bytes(pack([("../index.json", b"{}")]))
        with pytest.raises(CloudDeployError, match="leads out of the archive"):
            is_layout_archive(tmp_path / "x.tar")

    @pytest.mark.parametrize("size", [1 << 62, 1 << 80, (1 << 43) + 1])
    def test_a_size_that_no_file_has(self, size: int, tmp_path: Path) -> None:
        info = tarfile.TarInfo("index.json")
        info.size = size
        (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
        with pytest.raises(CloudDeployError, match="its size is too large"):
            is_layout_archive(tmp_path / "x.tar")

    def test_headers_alone_are_read(self, tmp_path: Path) -> None:
        """A layout of 4 GB, most of it a hole, is looked through at once."""
        big, file = tarfile.TarInfo("blobs/sha256/big"), tmp_path / "big.tar"
        big.size = 1 << 32
        index = tarfile.TarInfo("index.json")
        with file.open("wb") as out:
            out.write(big.tobuf(tarfile.GNU_FORMAT))
            out.seek(big.size, io.SEEK_CUR)
            out.write(index.tobuf() + bytes(1024))
        assert is_layout_archive(file)
