"""What a change costs: the app as another git revision describes it, compared in the same way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath

from clouddeploy.app.load import CONFIG_NAMES, DOCKERFILE, load_app
from clouddeploy.app.model import App
from clouddeploy.errors import ConfigError
from clouddeploy.prices import checkout
from clouddeploy.prices.bill import cents
from clouddeploy.prices.checkout import Entry, Tree
from clouddeploy.prices.offers import Comparison, Offer


@dataclass(frozen=True)
class Change:
    """One cloud's bill before and after; None where the cloud has no offer."""

    lane: str
    title: str
    provider: str
    before: Offer | None
    after: Offer | None

    @property
    def difference(self) -> Decimal | None:
        """USD per month more, below 0 less; None where it is not known exactly."""
        return None if any(self._unknown_growth) else self._known

    @property
    def least(self) -> Decimal | None:
        """USD per month more at least, where of no thing without a price there is less than before."""
        return None if any(more < 0 for more in self._unknown_growth) else self._known

    def __str__(self) -> str:
        if self.difference is not None:
            return f"{self.difference:+,.2f}"
        return "unknown" if self.least is None else f">= {self.least:+,.2f}"

    @property
    def _known(self) -> Decimal | None:
        if self.before is None or self.after is None:
            return None
        return cents(self.after.total.known) - cents(self.before.total.known)

    @property
    def _unknown_growth(self) -> Sequence[Decimal]:
        """How much more there is of each thing that has no price."""
        before, after = _unknown(self.before), _unknown(self.after)
        return [after.get(thing, Decimal(0)) - before.get(thing, Decimal(0)) for thing in {*before, *after}]


def _unknown(offer: Offer | None) -> Mapping[tuple[str, str], Decimal]:
    """The quantity of each thing that has no price, by kind and SKU."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in offer.lines if offer else ():
        if line.monthly is None:
            thing = line.charge.kind, line.charge.row.sku
            found[thing] = found.get(thing, Decimal(0)) + line.quantity
    return found


def changes(before: Comparison, after: Comparison) -> tuple[Change, ...]:
    """Every cloud of every lane, in the order of `after`."""
    found = []
    for old, new in zip(before.lanes, after.lanes, strict=True):
        olds = {offer.cloud.name: offer for offer in old.offers}
        news = {offer.cloud.name: offer for offer in new.offers}
        for offer in (news | {name: one for name, one in olds.items() if name not in news}).values():
            name = offer.cloud.name
            found.append(Change(new.name, offer.cloud.title, name, olds.get(name), news.get(name)))
    return tuple(found)


def app_at(folder: Path, revision: str, config: str | None = None) -> App:
    """The app that `folder` held at a git revision, in its file `config` if one is named.

    ConfigError for a revision that git does not know, and for what is wrong in the app there.
    """
    root, prefix = checkout.place(folder)
    tree = checkout.at(root, revision)
    with tempfile.TemporaryDirectory(prefix="clouddeploy-") as scratch:
        # the folder keeps its name, from which an app without a config takes its own
        copy = Path(scratch) / (root.name or "app")
        tree.write(copy, _describing(tree, prefix, (config,) if config else CONFIG_NAMES))
        try:
            return load_app(copy / prefix, Path(config) if config else None)
        except ConfigError as error:
            message, fix = (_inside(text, copy) for text in (error.message, error.fix or ""))
            raise ConfigError(f"at {revision}: {message}", fix=fix) from error


def _describing(tree: Tree, prefix: str, configs: Sequence[str]) -> list[Entry]:
    """What can be read of an app: its config, Dockerfiles, files that the config or a link names."""
    aims = {link.path: PurePosixPath(os.fsdecode(aim)).name for link, aim in tree.read(tree.links)}
    paths = {f"{prefix}{name}" for name in configs}
    linked = {aims[path] for path in paths if path in aims}
    found = [one for one in tree.files if one.path in paths or one.name in linked]
    texts = [text for _, text in tree.read(found)]
    names = {DOCKERFILE, *aims.values()}
    return [
        one
        for one in tree.files
        if one in found or one.name in names or any(os.fsencode(one.name) in text for text in texts)
    ]


def _inside(text: str, copy: Path) -> str:
    """With paths as they are in the repository, not in the copy."""
    return text.replace(f"{copy}{os.sep}", "").replace(str(copy), copy.name)
