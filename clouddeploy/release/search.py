"""Finds repositories and tags by name in a target's registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from clouddeploy.app.model import Target
from clouddeploy.errors import ConfigError
from clouddeploy.release.holdings import Held, held_by
from clouddeploy.release.registries import open_target
from clouddeploy.release.targets import connected
from clouddeploy.seam.registry import StoredImage

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Pattern:
    """What a name, and a tag, have to look like; an empty one takes everything."""

    name: str
    tag: str = ""

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """`NAME[:TAG]`, each with shell wildcards or as a part of the whole; ConfigError for nothing."""
        name, _, tag = text.partition(":")
        if not name and not tag:
            raise ConfigError(
                "there is nothing to search for", fix="give a part of a name, such as web or 'shop/*'"
            )
        return cls(name, tag)

    def takes(self, repository: str) -> bool:
        return _fits(self.name, repository)

    def tags_of(self, image: StoredImage) -> list[str]:
        return [tag for tag in image.tags if _fits(self.tag, tag)]


def search(target: Target, pattern: Pattern) -> list[Held]:
    """The repositories of a target's registry whose names fit, each with the images whose tags fit."""
    with open_target(connected(target)) as registry:
        names = [name for name in registry.images.repositories() if pattern.takes(name)]
    held = held_by(target, names, missing_ok=True)
    found = [Held(one.repository, one.address, [i for i in one.images if pattern.tags_of(i)]) for one in held]
    return [one for one in found if one.images or not pattern.tag]


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return True
    return fnmatchcase(text, pattern) if _WILD.search(pattern) else pattern in text
