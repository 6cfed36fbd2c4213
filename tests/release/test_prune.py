"""What a prune lets go: never what somebody still names, and always the whole of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clouddeploy.conformance.images import TinyImage
from clouddeploy.contract import StoredImage
from clouddeploy.emulator.registry import DISTRIBUTION, OciRegistry, anonymous
from clouddeploy.emulator.server import Server
from clouddeploy.errors import CloudDeployError
from clouddeploy.oci.descriptor import OCI_INDEX, OCI_MANIFEST, Descriptor, digest_of
from clouddeploy.oci.holdings import Manifest
from clouddeploy.push import push_image
from clouddeploy.release.prune import Plan, carry_out, decide, plan_prune
from clouddeploy.release.registries import OpenRegistry, open_host

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def digest(name: str) -> str:
    return digest_of(name.encode())


def image(name: str, *tags: str, days: float | None = 1) -> StoredImage:
    """An image that was pushed so many days ago, None for nobody knows when."""
    return StoredImage(digest(name), tags, 100, None if days is None else NOW - timedelta(days=days))


def nobody(_: StoredImage) -> str:
    return ""


def plan(images: Sequence[StoredImage], keep: int, *manifests: Manifest, used: str = "") -> Plan:
    """The plan where these manifests name others, and somebody uses the image called `used`."""
    read = {one.digest: Manifest(one.digest, 100) for one in images}
    read |= {one.digest: one for one in manifests}
    return decide(
        "shop/web", images, read, keep, lambda one: "used" if one.digest == digest(used) else "", NOW
    )


def index(name: str, *children: str) -> Manifest:
    return Manifest(digest(name), 0, tuple(digest(child) for child in children))


def signature(name: str, of: str) -> Manifest:
    return Manifest(digest(name), 100, (), digest(of))


def going(found: Plan) -> set[str]:
    return {one.digest for one in found.going}


def why(found: Plan, name: str) -> str:
    return next(one.why for one in found.verdicts if one.image.digest == digest(name))


class TestTagged:
    def test_the_newest_stay(self) -> None:
        found = plan([image("a", "v1", days=3), image("b", "v2", days=2), image("c", "v3", days=1)], 2)
        assert going(found) == {digest("a")}
        assert [why(found, name) for name in "abc"] == ["beyond newest 2", "newest 2", "newest 2"]

    def test_an_image_counts_once_however_many_tags_it_has(self) -> None:
        found = plan([image("a", "v1", days=3), image("b", "v2", "v3", "latest", days=2)], 2)
        assert going(found) == set()

    def test_what_is_used_stays_beside_the_newest(self) -> None:
        found = plan([image("a", "v1", days=9), image("b", "v2", days=2), image("c", "v3")], 1, used="a")
        assert going(found) == {digest("b")}
        assert why(found, "a") == "used"

    def test_what_has_no_date_stays_and_takes_nobodys_place(self) -> None:
        found = plan([image("a", "v1", days=None), image("b", "v2", days=2), image("c", "v3")], 1)
        assert going(found) == {digest("b")}
        assert why(found, "a") == "its age is unknown"


class TestUntagged:
    def test_goes(self) -> None:
        found = plan([image("a", days=2), image("b", "v1")], 1)
        assert going(found) == {digest("a")}
        assert why(found, "a") == "has no tag"

    def test_may_be_a_part_of_a_push_that_is_still_going_on(self) -> None:
        found = plan([image("a", days=0.01), image("b", "v1")], 1)
        assert going(found) == set()
        assert why(found, "a") == "pushed within the hour"

    def test_stays_while_somebody_uses_it(self) -> None:
        assert going(plan([image("a", days=9), image("b", "v1")], 1, used="a")) == set()


class TestIndexes:
    def test_what_a_kept_index_names_stays_however_old(self) -> None:
        images = [image("index", "v1"), image("amd64", days=99), image("arm64", days=99)]
        found = plan(images, 1, index("index", "amd64", "arm64"))
        assert going(found) == set()
        assert why(found, "amd64") == f"part of {digest('index')[7:19]}"

    def test_what_an_old_index_names_goes_after_it(self) -> None:
        images = [image("amd64", days=9), image("old", "v1", days=9), image("new", "v2")]
        found = plan(images, 1, index("old", "amd64"))
        assert [[one.digest for one in wave] for wave in found.waves] == [[digest("old")], [digest("amd64")]]

    def test_what_two_indexes_name_stays_with_the_one_that_is_kept(self) -> None:
        images = [image("shared", days=9), image("old", "v1", days=9), image("new", "v2")]
        assert going(plan(images, 1, index("old", "shared"), index("new", "shared"))) == {digest("old")}

    def test_a_part_that_runs_stays_when_its_index_goes(self) -> None:
        images = [image("amd64", days=9), image("old", "v1", days=9), image("new", "v2")]
        assert going(plan(images, 1, index("old", "amd64"), used="amd64")) == {digest("old")}

    def test_indexes_in_indexes(self) -> None:
        images = [image("outer", "v1"), image("inner", days=9), image("amd64", days=9)]
        assert going(plan(images, 1, index("outer", "inner"), index("inner", "amd64"))) == set()


class TestReferrers:
    def test_a_signature_stays_with_its_image(self) -> None:
        images = [image("signature", days=99), image("a", "v1")]
        assert going(plan(images, 1, signature("signature", "a"))) == set()

    def test_a_signature_goes_with_its_image(self) -> None:
        images = [image("signature"), image("a", "v1", days=9), image("b", "v2")]
        found = plan(images, 1, signature("signature", "a"))
        assert going(found) == {digest("a"), digest("signature")}
        assert why(found, "signature") == "goes with what it is part of"

    def test_of_a_part_of_an_index(self) -> None:
        images = [image("index", "v1"), image("amd64"), image("attestation", days=99)]
        read = (index("index", "amd64"), signature("attestation", "amd64"))
        assert going(plan(images, 1, *read)) == set()

    @pytest.mark.parametrize("ending", ["", ".sig", ".att", ".sbom"])
    def test_by_a_tag_that_stands_in_for_it(self, ending: str) -> None:
        tag = f"{digest('a').replace(':', '-')}{ending}"
        kept = [image("signature", tag, days=0), image("a", "v1"), image("b", "v2", days=9)]
        assert going(plan(kept, 1)) == {digest("b")}, "it neither counts nor goes"
        old = [image("signature", tag, days=0), image("a", "v1", days=9), image("b", "v2")]
        assert going(plan(old, 1)) == {digest("a"), digest("signature")}

    def test_of_something_that_is_not_listed_stays(self) -> None:
        found = plan([image("signature", days=99), image("a", "v1")], 1, signature("signature", "elsewhere"))
        assert going(found) == set()


def test_only_what_two_plans_let_go_goes() -> None:
    first = plan([image("a", "v1", days=9), image("b", "v2", days=8), image("c", "v3")], 1)
    meanwhile = plan([image("a", "v1", "stable", days=9), image("b", "v2", days=8), image("c", "v3")], 1)
    assert going(meanwhile.within(first)) == {digest("b")}, "a tag was put on the other meanwhile"


def test_indexes_that_name_each_other_are_left_to_a_person() -> None:
    images = [image("a", days=9), image("b", days=9), image("c", "v1")]
    with pytest.raises(CloudDeployError, match="name each other"):
        plan(images, 1, index("a", "b"), index("b", "a"))


@st.composite
def repositories(draw: st.DrawFn) -> tuple[list[StoredImage], dict[str, Manifest], int, set[str]]:
    """Any images, of which later ones may name or sign earlier ones; some are used."""
    count = draw(st.integers(1, 9))
    names = [digest(str(number)) for number in range(count)]
    images, read = [], {}
    for number, name in enumerate(names):
        tags = draw(st.sampled_from([(), (f"v{number}",)]))
        days = draw(st.sampled_from([None, 0.01, *range(1, 9)]))
        images.append(StoredImage(name, tags, 1, None if days is None else NOW - timedelta(days=days)))
        earlier = st.sampled_from(names[:number]) if number else st.nothing()
        children = tuple(draw(st.sets(earlier, max_size=3))) if number else ()
        subject = draw(st.none() | earlier) if number and not children else None
        read[name] = Manifest(name, 1, children, subject)
    return images, read, draw(st.integers(1, 4)), draw(st.sets(st.sampled_from(names), max_size=2))


@given(repositories())
def test_nothing_that_stays_loses_a_part(
    found: tuple[list[StoredImage], dict[str, Manifest], int, set[str]],
) -> None:
    images, read, keep, used = found
    made = decide("web", images, read, keep, lambda one: "used" if one.digest in used else "", NOW)
    gone = going(made)
    stays = {one.digest for one in images} - gone
    assert used <= stays
    assert all(child in stays for one in stays for child in read[one].children)
    assert all(one.digest in stays for one in images if read[one.digest].subject in stays)
    named = {child for one in read.values() for child in one.children}
    undated = (one for one in images if one.pushed is None and not read[one.digest].subject)
    assert all(one.digest in stays for one in undated if one.tags or one.digest not in named)
    seen: set[str] = set()
    for wave in made.waves:
        assert not {child for one in wave for child in read[one.digest].children} & (
            seen | {one.digest for one in wave}
        ), "an index goes before what it names"
        seen |= {one.digest for one in wave}


# On a registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[OpenRegistry]:
    store = OciRegistry(tmp_path, authorize=anonymous, profile=DISTRIBUTION)
    with Server(store) as server, open_host(server.host) as found:
        yield found


def push(registry: OpenRegistry, made: str, *tags: str) -> Descriptor:
    """Push an image that says when it was made."""
    source = TinyImage(made, created=made)
    push_image(source, registry.address("web"), tags, registry.client)
    return source.manifest


def put(registry: OpenRegistry, document: dict[str, object], media_type: str, *tags: str) -> str:
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
    for reference in tags or (digest_of(body),):
        registry.client.put_manifest("web", reference, body, media_type)
    return digest_of(body)


def sign(registry: OpenRegistry, subject: Descriptor) -> str:
    """Put a manifest that says something about another."""
    _, body = registry.client.get_manifest("web", subject.digest)
    own = json.loads(body)
    return put(registry, {"config": own["config"], "layers": [], "subject": subject.to_json()}, OCI_MANIFEST)


def test_a_repository_is_pruned_with_all_that_belongs_to_it(registry: OpenRegistry) -> None:
    parts = [push(registry, f"2026-01-0{day}T00:00:00Z") for day in (1, 2)]
    old = put(registry, {"manifests": [parts[0].to_json()]}, OCI_INDEX, "v0")
    new = put(registry, {"manifests": [parts[1].to_json()]}, OCI_INDEX, "v1")
    plain = push(registry, "2026-02-01T00:00:00Z", "v2")
    latest = push(registry, "2026-03-01T00:00:00Z", "v3")
    signatures = [sign(registry, plain), sign(registry, latest)]
    found = plan_prune(registry, "web", 1, lambda one: "used" if one.digest == new else "", NOW)
    assert going(found) == {old, parts[0].digest, plain.digest, signatures[0]}
    carry_out(registry, found)
    left = {one.digest for one in registry.images.list("web")}
    assert left == {new, parts[1].digest, latest.digest, signatures[1]}
    assert registry.client.tags("web") == ["v1", "v3"]


def test_what_a_registry_keeps_all_the_same_is_an_error(
    registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for month in "12":
        push(registry, f"2026-0{month}-01T00:00:00Z", f"v{month}")
    found = plan_prune(registry, "web", 1, nobody, NOW)
    monkeypatch.setattr(registry.images, "delete", lambda *_: None)
    with pytest.raises(CloudDeployError, match="still lists sha256:"):
        carry_out(registry, found)


def test_every_plan_can_be_made_twice(registry: OpenRegistry) -> None:
    for month, _ in itertools.product("12", range(2)):
        push(registry, f"2026-0{month}-01T00:00:00Z", f"v{month}")
    first, second = (plan_prune(registry, "web", 1, nobody, NOW) for _ in range(2))
    assert first == second
