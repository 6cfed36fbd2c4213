"""What a change costs: the app as another git revision describes it, compared in the same way."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from clouddeploy.app.load import load_app
from clouddeploy.app.model import App
from clouddeploy.errors import CloudDeployError, ConfigError, MissingToolError
from clouddeploy.prices.bill import cents
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
        """USD per month more, below 0 less; None when a side is missing or not as complete as the other."""
        if self.before is None or self.after is None:
            return None
        if self.before.total.unknown != self.after.total.unknown:
            return None
        return cents(self.after.total.known) - cents(self.before.total.known)


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


def app_at(folder: Path, revision: str, config: Path | None = None) -> App:
    """The app that `folder` held at a git revision; ConfigError for a revision that git does not know."""
    with tempfile.TemporaryDirectory(prefix="clouddeploy-") as scratch:
        # the folder keeps its name, from which an app without a config takes its own
        copy = Path(scratch) / folder.resolve().name
        with tarfile.open(fileobj=io.BytesIO(_archive(folder, revision))) as archive:
            archive.extractall(copy, filter="data")
        try:
            return load_app(copy, config)
        except ConfigError as error:
            raise ConfigError(f"at {revision}: {error.message}", fix=error.fix) from error


def _archive(folder: Path, revision: str) -> bytes:
    if revision.startswith("-"):
        raise ConfigError(
            f"{revision} is not a git revision", fix="name a branch, tag or commit: --against main"
        )
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "archive", "--format=tar", revision, "."],
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingToolError("git is not installed", fix="install git, or leave out --against") from error
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["git archive failed"]
        raise ConfigError(
            f"the app at {revision} cannot be read: {reason[0]}",
            fix="name a branch, tag or commit: --against main",
        )
    if not done.stdout:
        raise CloudDeployError(f"git has nothing at {revision}", fix="name another revision with --against")
    return done.stdout
