"""Files in which a key is no secret: what packages publish for their own tests, examples and manuals."""

from __future__ import annotations

import re

_PUBLISHED = re.compile(
    rb"(?:^|/)(?:node_modules|site-packages|dist-packages|python\d(?:\.\d+)?|gems|vendor|pkg/mod|usr/share"
    rb"|usr/(?:local/)?go|usr/lib(?:/[a-z0-9_-]+-linux-gnu[a-z0-9]*)?|usr/(?:local/)?lib/go[^/]*|cargo/registry)"
    rb"/(?:.*/)?(?:_*tests?_*|testing|testdata|test-data|fixtures?|specs?|examples?|samples?|docs?|demos?|mock[^/]*|man)/"
)
_ALIEN = re.compile(rb"(?:^|/)(?:node_modules|site-packages|dist-packages|gems|google-cloud-sdk)/")
_SNAKEOIL = re.compile(rb"(?:^|/)etc/ssl/private/ssl-cert-snakeoil\.key|(?:^|/)etc/chromium[^/]*/apikeys")
_SERVED = re.compile(rb".*(?:\.(?:m?js|map|html?|css|plist)|google-services\.json)", re.IGNORECASE)


def is_published(path: bytes) -> bool:
    """Whether the file came with a package, as data for its tests or manuals, or is no secret by design."""
    return bool(_PUBLISHED.search(path) or _SNAKEOIL.search(path))


def is_of_a_package(path: bytes) -> bool:
    """Whether the file belongs to an installed library: its `.env` is nobody's, its API key everybody's."""
    return bool(_ALIEN.search(path))


def is_served_to_browsers(path: bytes) -> bool:
    """Whether the file is one that a browser or a phone gets: Google's API keys in it are public."""
    return bool(_SERVED.fullmatch(path))
