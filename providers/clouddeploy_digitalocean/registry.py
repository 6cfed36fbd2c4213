"""DOCR: the account's container registries and logins to them.

A registry belongs to the account, a repository appears with its first push. The address is
`registry.digitalocean.com/<registry>/<repository>`. DOCR knows neither immutable tags nor rules
that clean up; untagged manifests go when its garbage collection is run.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from clouddeploy.contract import Login, Repository, Secret
from clouddeploy.errors import (
    CloudDeployError,
    ConfigError,
    NotFoundError,
    PreconditionError,
    TemporaryError,
)
from clouddeploy_digitalocean import parse, plans
from clouddeploy_digitalocean.names import default_registry
from clouddeploy_digitalocean.plans import TIERS
from clouddeploy_digitalocean.records import Plan, Registry
from clouddeploy_digitalocean.session import Session

LIFE = 3600
"""Seconds that a login is valid: the longest push, and asked for again before it ends."""

REGIONS = ("ams3", "blr1", "fra1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1")
"""Where a registry can be; source: the request of registries_create in digitalocean/openapi."""

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_LONGEST = 256
_MIB = 1024 * 1024


class DocrLogin(Login):
    """DOCR's user names are secrets too: the same value as the password."""

    def __repr__(self) -> str:
        return f"Login(host={self.host!r}, username=***, password=***, expires={self.expires!r})"

    __str__ = __repr__


class DocrRegistry:
    """The target's registry: `registry.name`, else the account's only one, else one of our own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._ensured: set[str] = set()

    @cached_property
    def name(self) -> str:
        """Asks the account when the target does not say; ConfigError when there are several."""
        named = self._session.target.registry.get("name")
        if named:
            return named
        names = sorted(one.name for one in self._session.api.registries())
        if len(names) > 1:
            raise ConfigError(
                f"target {self._session.target.name}: the account has {len(names)} registries",
                fix=f"name one of them, as in registry: {{name: {names[0]}}}; there are {', '.join(names)}",
            )
        return names[0] if names else default_registry(self._session.account.billed)

    def address(self, repository: str) -> str:
        """Raises ConfigError for a name that DOCR would refuse."""
        return f"{self._session.registry_host}/{self.name}/{checked(repository)}"

    def ensure(self, repository: str) -> Repository:
        """The registry, made when it is missing, with room for the repository.

        Raises PreconditionError when the plan's repositories or its storage are used up, before
        anything is pushed; with a larger `registry.tier` in the target the plan is changed instead.
        TemporaryError while a garbage collection keeps the registry from being written to.
        """
        checked(repository)
        if self._session.target.account:
            self._session.identity()
        with self._lock:
            created = self.make()
            self._check_writable()
            self._make_room(repository)
            self._ensured.add(repository)
        return Repository(self.address(repository), created)

    def room(self, repositories: Sequence[str]) -> None:
        """Whether the plan holds all of these beside what is there; asks only, makes nothing.

        The plan is the account's, or the one that the target's `registry.tier` will make of it. Raises
        PreconditionError that names the smallest plan with room.
        """
        wanted, api = {checked(one) for one in repositories}, self._session.api
        registries = api.registries()
        there = self._among(registries)
        known = set(api.repositories(self.name)) if there else set()
        if not there:
            self._tiers(registries)
        count = len(known | wanted)
        if wanted <= known or count == 1:
            return
        offered = {plan.slug: plan for plan in api.plans()}
        plan = api.plan() if registries else offered.get(TIERS[0], Plan(TIERS[0], "Starter", 1, Decimal(0)))
        asked = offered.get(self._wanted_tier)
        if asked and (not registries or plans.larger(asked.slug, plan.slug)):
            plan = asked
        if not plan.holds(count):
            holding = [one for one in offered.values() if one.holds(count)]
            enough = min(holding, key=lambda one: one.monthly, default=plan)
            raise plans.too_many(self.name, sorted(wanted - known), count, plan, enough)

    def check(self) -> None:
        """Whether the registry is there or can be made; asks only, makes nothing.

        Raises PreconditionError when the plan holds no other registry, and when another account has the
        name; ConfigError for a name that DOCR refuses.
        """
        others = self._session.api.registries()
        if not self._among(others):
            self._tiers(others)
            self._check_name()

    def make(self) -> bool:
        """The registry itself, with a larger plan when the target asks for the one that it needs.

        True when this call made it. Raises PreconditionError as `check` does.
        """
        others = self._session.api.registries()
        if self._among(others):
            return False
        current, tier = self._tiers(others)
        if current and tier != current:
            self._check_name()  # nobody pays for a plan whose registry cannot be made
            self._session.api.change_plan(tier)
        try:
            self._session.api.create_registry(self._request(tier))
        except CloudDeployError as error:
            if self._among(self._session.api.registries()):
                return error.code != "conflict"  # only the reply was lost, or somebody was faster
            if error.code != "conflict":
                raise
            raise self._taken(error) from error
        return True

    def login(self) -> Login:
        """A login for an hour that may push; asked for anew each time."""
        asked = datetime.now(UTC)
        try:
            config = self._session.api.docker_credentials(self.name, LIFE)
        except NotFoundError as error:
            raise NotFoundError(
                f"there is no registry {self.name} in the DigitalOcean account",
                fix=f"make it with the first push: clouddeploy push --to {self._session.target.name}",
                code=error.code,
            ) from error
        host = self._session.registry_host
        encoded = str(parse.single(parse.single(config, "auths"), host).get("auth", ""))
        username, password = _decoded(encoded)
        return DocrLogin(host, username, Secret(password), asked + timedelta(seconds=LIFE))

    @property
    def _wanted_tier(self) -> str:
        """The target's `registry.tier`; empty for none."""
        return self._session.target.registry.get("tier", "")

    def _among(self, registries: Sequence[Registry]) -> bool:
        return any(one.name == self.name for one in registries)

    def _tiers(self, others: Sequence[Registry]) -> tuple[str, str]:
        """The slugs of the account's plan, empty for none yet, and of the one with room beside `others`.

        The plan is the account's: a later registry leaves it as it is unless it has to be larger and
        the target says so. Raises PreconditionError for no room.
        """
        if not others:
            return "", self._wanted_tier or TIERS[0]
        plan, count = self._session.api.plan(), len(others) + 1
        if plans.fits(count, plan.slug):
            return plan.slug, plan.slug
        if plans.larger(self._wanted_tier, plan.slug) and plans.fits(count, self._wanted_tier):
            return plan.slug, self._wanted_tier
        raise plans.no_more(self.name, sorted(one.name for one in others), plan)

    def _check_name(self) -> None:
        try:
            self._session.api.check_registry_name(self.name)
        except CloudDeployError as error:
            if error.code != "conflict":
                raise
            if not self._among(self._session.api.registries()):  # else somebody was faster
                raise self._taken(error) from error

    def _taken(self, error: CloudDeployError) -> PreconditionError:
        return PreconditionError(
            f"the registry name {self.name} is taken by another DigitalOcean account",
            fix="choose another: registry: {name: …}",
            code=error.code,
        )

    def _request(self, tier: str) -> dict[str, str]:
        region = self._session.target.registry.get("region") or _near(self._session.target.region or "")
        body = {"name": self.name, "subscription_tier_slug": tier, "region": region}
        return {key: value for key, value in body.items() if value}

    def _check_writable(self) -> None:
        """DOCR gives out no token for a push while it collects (registries_run_garbageCollection)."""
        state = "" if self._ensured else self._session.api.collection(self.name)
        if state:
            raise TemporaryError(
                f"the registry {self.name} takes no push while its garbage collection runs: {state}",
                fix=f"wait for `doctl registries garbage-collection get-active {self.name}`, then try again",
            )

    def _make_room(self, repository: str) -> None:
        plan = self._session.api.plan()
        known = {*self._session.api.repositories(self.name), *self._ensured} if plan.repositories else set()
        full = plans.full(self.name, repository, plan, known) or self._no_storage(plan)
        if full is None:
            return
        if not plans.larger(self._wanted_tier, plan.slug):
            raise full
        self._session.api.change_plan(self._wanted_tier)

    def _no_storage(self, plan: Plan) -> PreconditionError | None:
        if not plan.storage:
            return None
        used = next((one.used for one in self._session.api.registries() if one.name == self.name), 0)
        if used < plan.storage:
            return None
        return PreconditionError(
            f"the registry {self.name} has no storage left: the plan {plan.name} holds "
            f"{plan.storage // _MIB} MiB, {used // _MIB} MiB are taken",
            fix=f"{plans.change(plan)}, or delete images: clouddeploy images prune, then "
            f"doctl registries garbage-collection start {self.name}",
        )


def checked(name: str) -> str:
    """`name`, when DOCR takes it as a repository's; else ConfigError."""
    if len(name) <= _LONGEST and _NAME.fullmatch(name):
        return name
    raise ConfigError(
        f"{name!r} is no repository name",
        fix="use up to 256 lower-case letters and digits; . _ - only between them, / between the parts",
    )


def _near(region: str) -> str:
    """The registry region of the same city; empty leaves the choice to DigitalOcean."""
    if region in REGIONS:
        return region
    return next((one for one in reversed(REGIONS) if one[:3] == region[:3]), "")


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(encoded, validate=True).decode().strip().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = username = password = ""
    if not (username and colon and password):
        raise CloudDeployError(
            "could not log in to the registry: the answer holds no login", fix="run it again in a minute"
        ) from None
    return username, password
