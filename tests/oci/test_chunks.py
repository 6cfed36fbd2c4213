"""What is learnt from a registry that refuses a piece of a blob."""

from __future__ import annotations

from clouddeploy.oci.chunks import CHUNK, Chunks

_MIB = 1024 * 1024


def test_after_a_refusal_blobs_go_whole() -> None:
    chunks = Chunks()
    assert chunks.refused(400)
    assert not chunks.allowed


def test_two_blobs_on_their_way_may_be_refused_their_chunks_at_once() -> None:
    chunks = Chunks()
    assert chunks.refused(400)
    assert chunks.refused(400)


def test_a_piece_that_is_too_large_is_halved_until_it_is_as_small_as_any_registry_takes() -> None:
    chunks = Chunks()
    assert chunks.refused(413)
    assert chunks.size == CHUNK // 2
    assert chunks.refused(413, 20 * _MIB)
    assert chunks.size == 10 * _MIB
    assert chunks.refused(413)
    assert not chunks.refused(413)


def test_a_registry_without_chunks_that_finds_a_whole_blob_too_large_has_no_other_way() -> None:
    chunks = Chunks()
    chunks.refused(405)
    assert not chunks.refused(413)
