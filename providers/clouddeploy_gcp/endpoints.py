"""Where Google's services answer. CLOUDDEPLOY_GCP_ENDPOINT sends all of them to a loopback port."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from clouddeploy.errors import ConfigError

VARIABLE = "CLOUDDEPLOY_GCP_ENDPOINT"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def override() -> str | None:
    """The emulator's URL without a trailing slash; None for the real cloud.

    Raises ConfigError for any host but this machine: credentials would go there.
    """
    url = os.environ.get(VARIABLE, "").rstrip("/")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK:
        return url
    raise ConfigError(
        f"{VARIABLE} is not a loopback URL: credentials are sent only to Google and to this machine",
        fix=f"unset {VARIABLE}",
    )


def service(name: str) -> str:
    """Base URL of one of Google's APIs, such as `serviceusage`."""
    return override() or f"https://{name}.googleapis.com"


def registry_host(location: str) -> str:
    """The host of the Docker repositories in a location."""
    url = override()
    return urlsplit(url).netloc if url else f"{location}-docker.pkg.dev"
