"""Digests and descriptors: what is accepted, and that nothing else is."""

from __future__ import annotations

import pytest

from clouddeploy.oci.descriptor import OCI_LAYER_GZIP, Descriptor, check_digest, digest_of

SHA256 = "sha256:" + "a1" * 32


@pytest.mark.parametrize("digest", [SHA256, "sha512:" + "0f" * 64])
def test_digests_that_are_valid(digest: str) -> None:
    assert check_digest(digest) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        SHA256[:-1],
        SHA256 + "0",
        SHA256.upper(),
        "sha256:" + "A1" * 32,
        "md5:" + "a" * 32,
        "sha512:" + "a" * 64,
        "sha256:../../../etc/passwd" + "a" * 40,
        SHA256 + "\n",
        "sha256:" + "\u0661" * 64,
        None,
        7,
    ],
)
def test_digests_that_are_not(text: object) -> None:
    with pytest.raises(ValueError, match="is not a sha256 or sha512 digest"):
        check_digest(text)


def test_a_descriptor_survives_json() -> None:
    descriptor = Descriptor(OCI_LAYER_GZIP, SHA256, 7, {"a": "b"}, {"os": "linux", "architecture": "arm64"})
    assert Descriptor.from_json(descriptor.to_json()) == descriptor


def test_a_plain_descriptor_has_three_keys() -> None:
    assert Descriptor(OCI_LAYER_GZIP, SHA256, 7).to_json() == {
        "mediaType": OCI_LAYER_GZIP,
        "digest": SHA256,
        "size": 7,
    }


def test_lists_in_a_platform_are_left_out() -> None:
    platform = {"os": "windows", "os.features": ["win32k"]}
    found = Descriptor.from_json({"mediaType": "x/y", "digest": SHA256, "size": 0, "platform": platform})
    assert found.platform == {"os": "windows"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mediaType": None}, "mediaType"),
        ({"mediaType": ""}, "mediaType"),
        ({"digest": "sha256:short"}, "digest"),
        ({"size": -1}, "size"),
        ({"size": True}, "size"),
        ({"size": "7"}, "size"),
        ({"size": None}, "size"),
        ({"annotations": ["a"]}, "annotations"),
        ({"platform": "linux/amd64"}, "platform"),
    ],
)
def test_what_is_no_descriptor(change: dict[str, object], why: str) -> None:
    value = {"mediaType": OCI_LAYER_GZIP, "digest": SHA256, "size": 7, **change}
    with pytest.raises(ValueError, match=why):
        Descriptor.from_json(value)


def test_a_list_is_no_descriptor() -> None:
    with pytest.raises(ValueError, match="not an object"):
        Descriptor.from_json([])


def test_digest_of_bytes() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
