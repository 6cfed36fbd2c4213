"""Server-side apply: look at everything first, then change only what differs.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clouddeploy.errors import (
    CloudDeployError,
    CredentialsError,
    ForeignResourceError,
    TemporaryError,
)
from clouddeploy.kube.client import Kube, Object
from clouddeploy.kube.kinds import NAMESPACE, REVISION, STORAGE_CLASS, kind_of
from clouddeploy.kube.volumes import refuse_smaller
from clouddeploy.manifests.labels import MANAGER, PART_OF, owned

CREATED, CONFIGURED, UNCHANGED = "created", "configured", "unchanged"

_SHARED = (NAMESPACE.name, STORAGE_CLASS.name)
"""What several apps may need: it is used as it is where somebody else made it."""


@dataclass(frozen=True)
class Applied:
    """What applying did, or would do, to one object: created, configured or unchanged."""

    kind: str
    name: str
    action: str


def apply_objects(kube: Kube, objects: Sequence[Object], *, dry_run: bool = False) -> list[Applied]:
    """Make the cluster hold these objects, in their order; nothing is written for what is so already.

    All of them are checked before the first is written: whose they are, and by a server-side
    dry run whether the API takes them. In a namespace that is not there yet that is possible
    only once it is made. A namespace or storage class that somebody else made is used as it is.

    Raises ForeignResourceError for an object that clouddeploy did not make for this app,
    ConfigError for a volume that would shrink, and CloudDeployError for a field that another
    manager holds or an object that is refused.
    """
    with _saying("nothing was changed"):
        pairs = list(_looked_up(kube, objects))
        _refuse_foreign(pairs)
        refuse_smaller(pairs)
        made = next((each for each, live in pairs if each["kind"] == NAMESPACE.name and not live), None)
        plan = [] if made else [_planned(kube, each, live) for each, live in pairs]
    if made is not None:
        plan = [_applied(each, CREATED) for each, _ in pairs]
        if dry_run:
            return plan
        _make_namespace(kube, made, [each for each, _ in pairs])
    if not dry_run:
        _write(kube, [each for each, _ in pairs if each is not made], plan)
    return plan


def _looked_up(kube: Kube, objects: Sequence[Object]) -> Iterator[tuple[Object, Object | None]]:
    """Each object and what the cluster has in its place, without shared ones that are not ours."""
    for each in objects:
        if each["kind"] not in _SHARED:
            yield each, _live(kube, each)
            continue
        try:
            live = _live(kube, each)
        except CredentialsError:
            continue  # whoever may not look at namespaces was given one
        if live is None or owned(live["metadata"], _app(each)):
            yield each, live


def _live(kube: Kube, value: Object) -> Object | None:
    metadata = value["metadata"]
    live = kube.get(kind_of(value["kind"]), metadata["name"], metadata.get("namespace"))
    if live and live["metadata"].get("deletionTimestamp"):
        raise TemporaryError(f"{_name(value)} is still being deleted", fix="try again in a minute")
    return live


def _refuse_foreign(pairs: Sequence[tuple[Object, Object | None]]) -> None:
    foreign = [each for each, live in pairs if live and not owned(live["metadata"], _app(each))]
    if foreign:
        names = ", ".join(_name(each) for each in foreign)
        namespace = foreign[0]["metadata"]["namespace"]
        raise ForeignResourceError(
            f"{names} in namespace {namespace}: clouddeploy did not make it for app {_app(foreign[0])}",
            fix="rename the service, delete what is in its place, or deploy to another --namespace",
        )


def _planned(kube: Kube, value: Object, live: Object | None) -> Applied:
    after = kube.apply(value, dry_run=True)
    if live is None:
        return _applied(value, CREATED)
    return _applied(value, UNCHANGED if _content(after) == _content(live) else CONFIGURED)


def _make_namespace(kube: Kube, namespace: Object, objects: Sequence[Object]) -> None:
    kube.apply(namespace)
    with _saying(f"only {_name(namespace)} was made"):
        for each in objects:
            kube.apply(each, dry_run=True)


def _write(kube: Kube, objects: Sequence[Object], plan: Sequence[Applied]) -> None:
    actions = {(step.kind, step.name): step.action for step in plan}
    for each in objects:
        if actions[each["kind"], each["metadata"]["name"]] != UNCHANGED:
            kube.apply(each)


def _content(value: Object) -> tuple[Object, Any]:
    """What applying can change: the object without its status, and the fields that are ours."""
    metadata = dict(value["metadata"])
    entries = metadata.pop("managedFields", [])
    ours = [
        each["fieldsV1"] for each in entries if each["manager"] == MANAGER and not each.get("subresource")
    ]
    # Finalizers come and go while a controller takes an object up.
    for key in ("resourceVersion", "generation", "finalizers"):
        metadata.pop(key, None)
    # The Deployment controller counts revisions while we look.
    annotations = {**metadata.pop("annotations", {}), REVISION: None}
    skipped = ("status", "metadata", "kind", "apiVersion")
    rest = {key: part for key, part in value.items() if key not in skipped}
    return {**rest, "metadata": metadata, "annotations": annotations}, ours


def _applied(value: Object, action: str) -> Applied:
    return Applied(value["kind"], value["metadata"]["name"], action)


def _name(value: Object) -> str:
    return f"{value['kind']}/{value['metadata']['name']}"


def _app(value: Object) -> str:
    return str(value["metadata"]["labels"][PART_OF])


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """Let an error say what state it leaves behind."""
    try:
        yield
    except CloudDeployError as error:
        raise type(error)(f"{error.message}; {what}", fix=error.fix, code=error.code) from error
