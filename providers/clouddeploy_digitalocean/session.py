"""What one target's provider shares: the token, the endpoint, the region, who we are."""

from __future__ import annotations

import os
import re
import threading
from functools import cached_property
from urllib.parse import urlsplit

from clouddeploy.contract import Identity, Secret, TargetSettings
from clouddeploy.errors import ConfigError, CredentialsError, PreconditionError
from clouddeploy_digitalocean.api import Api
from clouddeploy_digitalocean.errors import LOG_IN
from clouddeploy_digitalocean.records import Account
from clouddeploy_digitalocean.sdk import PRODUCTION, Sdk

TOKEN_VARIABLES = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN")
"""pydo's examples and Terraform read the first one, doctl and Terraform the second."""

ENDPOINT_VARIABLE = "DIGITALOCEAN_API_URL"
REGISTRY_VARIABLE = "CLOUDDEPLOY_DIGITALOCEAN_REGISTRY"
REGION_VARIABLE = "DIGITALOCEAN_REGION"

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HOST = "registry.digitalocean.com"


class Session:
    """Safe to use from several threads."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target
        self._lock = threading.RLock()

    @cached_property
    def api(self) -> Api:
        """Raises CredentialsError without a token, MissingToolError without pydo."""
        return Api(Sdk(token(), endpoint()))

    @property
    def region(self) -> str:
        """The target's region, else DIGITALOCEAN_REGION."""
        region = self.target.region or os.environ.get(REGION_VARIABLE)
        if region:
            return region
        raise PreconditionError(
            f"no DigitalOcean region for target {self.target.name}",
            fix=f"set region: in the target, such as fra1 or nyc1, or {REGION_VARIABLE}",
        )

    @property
    def registry_host(self) -> str:
        """Where images are; another loopback host only when an emulator says so."""
        host = os.environ.get(REGISTRY_VARIABLE, "")
        if not host:
            return _HOST
        if urlsplit(f"//{host}").hostname in _LOOPBACK:
            return host
        raise ConfigError(
            f"{REGISTRY_VARIABLE} names {host}, which is not on this machine",
            fix=f"unset {REGISTRY_VARIABLE}",
        )

    @cached_property
    def account(self) -> Account:
        """Whom the token belongs to, asked once."""
        with self._lock:
            return self.api.account()

    def identity(self) -> Identity:
        """The team that is billed, and the person.

        Raises CredentialsError for no token, an invalid one and one of another account.
        """
        found = Identity(account=self.account.billed, principal=self.account.email)
        wanted = self.target.account
        if wanted and wanted != found.account:
            raise CredentialsError(
                f"target {self.target.name} is for DigitalOcean team {wanted}, "
                f"the token belongs to {found.account} ({found.principal})",
                fix="set DIGITALOCEAN_TOKEN to a token of the right team",
            )
        return found


def token() -> Secret:
    """The API token of the environment; CredentialsError when there is none or it cannot be one."""
    for name in TOKEN_VARIABLES:
        value = os.environ.get(name, "").strip()
        if value and not _TOKEN.fullmatch(value):
            raise CredentialsError(f"{name} holds characters that no token has", fix=LOG_IN)
        if value:
            return Secret(value)
    raise CredentialsError("there is no DigitalOcean token", fix=LOG_IN)


def token_variable() -> str:
    """Which variable the token comes from; empty for none."""
    return next((name for name in TOKEN_VARIABLES if os.environ.get(name, "").strip()), "")


def endpoint() -> str:
    """The API's URL: DIGITALOCEAN_API_URL when it is on loopback, else DigitalOcean's.

    Raises ConfigError for any other URL: a token is sent to nobody else.
    """
    url = os.environ.get(ENDPOINT_VARIABLE, "").strip().rstrip("/")
    if not url or url == PRODUCTION:
        return PRODUCTION
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK and "@" not in parts.netloc:
        return url
    raise ConfigError(
        f"{ENDPOINT_VARIABLE} names a server that is neither DigitalOcean nor on this machine",
        fix=f"unset {ENDPOINT_VARIABLE}",
    )
