"""Refreshing prices: each cloud's own list into this user's cache, every cloud for itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy.prices import cache
from clouddeploy.prices.cache import Item
from clouddeploy.prices.catalog import Catalog, bundled
from clouddeploy.prices.sources import alibaba, aws, digitalocean, gcp
from clouddeploy.prices.sources.web import unreadable

Fetch = Callable[[str, Catalog, date], Iterable[Item]]

SOURCES: dict[str, tuple[str, Fetch]] = {
    "aws": (aws.URL, aws.fetch),
    "gcp": (gcp.URL, gcp.fetch),
    "digitalocean": (digitalocean.URL, digitalocean.fetch),
    "alibaba": (alibaba.URL, alibaba.fetch),
}
"""Where each cloud's list is and how it is read; $CLOUDDEPLOY_PRICES_AWS and so on are other addresses."""


@dataclass(frozen=True)
class Refreshed:
    """What became of one cloud: how many prices were read into which file, or why none."""

    cloud: str
    read: int = 0
    path: Path | None = None
    error: CloudDeployError | None = None


def refresh(clouds: Sequence[str], today: date) -> Iterator[Refreshed]:
    """Refresh one cloud after the other; a failure is reported and changes nothing."""
    catalog = bundled()
    for cloud in clouds:
        try:
            yield _refresh(cloud, catalog, today)
        except CloudDeployError as error:
            yield Refreshed(cloud, error=error)


def _refresh(cloud: str, catalog: Catalog, today: date) -> Refreshed:
    url, fetch = SOURCES[cloud]
    base = os.environ.get(f"CLOUDDEPLOY_PRICES_{cloud.upper()}", url).rstrip("/")
    # a list may take minutes to read: it is known before whether it can be kept
    cache.prepare()
    try:
        items = [cache.checked(item) for item in fetch(base, catalog, today)]
    except ConfigError as error:
        raise unreadable(base, "it holds a price or a size that cannot be") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise unreadable(base, f"it has another form than expected ({type(error).__name__})") from error
    if not items:
        raise unreadable(base, "it holds no price that is known here")
    path, _ = cache.write(cloud, items)
    return Refreshed(cloud, len(items), path)
