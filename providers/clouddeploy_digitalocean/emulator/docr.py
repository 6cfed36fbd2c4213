"""DOCR: registries, plans, logins, and the registry protocol with DigitalOcean's token flow.

A challenge names the API's `/v2/registry/auth`; who asks there for more than the plan holds gets
403 with `registry contains 1 repositories, limit is 1` (docker/build-push-action#586). No token for a
push is given out while a garbage collection runs (digitalocean/openapi, registries_run_garbageCollection),
nor when a plan's storage is used up that has no overage; the words of these two refusals are ours.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clouddeploy.emulator.clock import Clock
from clouddeploy.emulator.registry import DOCR, Access, OciRegistry
from clouddeploy.emulator.registry.access import basic_credentials
from clouddeploy_digitalocean.emulator import fields
from clouddeploy_digitalocean.emulator.answers import Answer, ApiError, not_found, paged
from clouddeploy_digitalocean.emulator.catalog import REGISTRIES, TIERS
from clouddeploy_digitalocean.emulator.garbage import Garbage
from clouddeploy_digitalocean.emulator.logins import TOKEN_LIFE, Logins, repository_scopes
from clouddeploy_digitalocean.emulator.records import stamp
from clouddeploy_digitalocean.emulator.repositories import Repositories, known
from clouddeploy_digitalocean.emulator.request import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICE = "registry.digitalocean.com"
REGIONS = ("nyc3", "sfo3", "sfo2", "ams3", "sgp1", "fra1", "blr1", "syd1")

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""https://docs.digitalocean.com/products/container-registry/details/limits/"""

_TAKEN = {"example", "taken"}
"""Names that another account has."""


@dataclass
class _Registry:
    name: str
    region: str
    created: str = field(default_factory=stamp)

    def show(self, used: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "region": self.region,
            "created_at": self.created,
            "storage_usage_bytes": used,
            "storage_usage_bytes_updated_at": self.created,
        }


class Docr:
    """The registries of the account; `host` and `realm` are set once the servers are there.

    `ballast` is storage that old images take, in bytes.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.host = ""
        self.realm = ""
        self.tier: str | None = None
        self.found: dict[str, _Registry] = {}
        self.data = OciRegistry(directory, authorize=self._authorize, profile=DOCR)
        self.logins = Logins()
        self.repositories = Repositories(self.data, self.found)
        self.garbage = Garbage(clock, self.repositories.sweep)
        self._lock = threading.RLock()
        self.ballast: dict[str, int] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one registry request."""
        return self.data(environ, start_response)

    def names(self) -> list[str]:
        return list(self.found)

    def plant(self, names: Iterable[str], tier: str) -> None:
        """Registries that are there from the start."""
        for name in names:
            self.found[name] = _Registry(name, "fra1")
            self.tier = tier

    # The API

    def list_registries(self, request: Request) -> Answer:
        return Answer(200, {"registries": [self._show(one) for one in self.found.values()]})

    def create(self, request: Request) -> Answer:
        name = fields.text(request.body, "name")
        tier = fields.text(request.body, "subscription_tier_slug") or self.tier
        region = fields.text(request.body, "region", "nyc3")
        with self._lock:
            self._check_name(name)
            if tier is None or tier not in TIERS:
                raise ApiError(422, "subscription_tier_slug is required")
            self._check_count(tier)
            self.tier = self.tier if self.found else tier
            self.found[name] = _Registry(name, region)
        return Answer(201, {"registry": self._show(self.found[name])})

    def validate_name(self, request: Request) -> Answer:
        """204 for a name that a registry may be made with; 409 for one that is in use."""
        with self._lock:
            self._check_name(fields.text(request.body, "name"))
        return Answer(204)

    def get(self, request: Request) -> Answer:
        return Answer(200, {"registry": self._show(self._registry(request))})

    def delete(self, request: Request) -> Answer:
        with self._lock:
            name = self._registry(request).name
            self.repositories.clear(name)
            del self.found[name]
            self.garbage.forget(name)
            self.ballast.pop(name, None)
        return Answer(204)

    def options(self, request: Request) -> Answer:
        tiers = [{**tier, **self._eligibility(slug)} for slug, tier in TIERS.items()]
        return Answer(200, {"options": {"available_regions": list(REGIONS), "subscription_tiers": tiers}})

    def subscription(self, request: Request) -> Answer:
        if self.tier is None:
            raise not_found()
        return Answer(200, self._subscription())

    def subscribe(self, request: Request) -> Answer:
        tier = fields.text(request.body, "tier_slug")
        with self._lock:
            if tier not in TIERS:
                raise ApiError(422, "invalid tier slug")
            why = self._eligibility(tier)["eligibility_reasons"]
            if why:
                raise ApiError(412, f"not eligible for the tier: {', '.join(why)}")
            self.tier = tier
        return Answer(200, self._subscription())

    def collection(self, request: Request) -> Answer:
        """The garbage collection that runs; 404 for none."""
        run = self.garbage.running(self._registry(request).name)
        if run is None:
            raise not_found()
        return Answer(200, {"garbage_collection": self.garbage.show(run)})

    def collect(self, request: Request) -> Answer:
        with self._lock:
            run = self.garbage.start(self._registry(request).name)
        return Answer(201, {"garbage_collection": self.garbage.show(run)})

    def collections(self, request: Request) -> Answer:
        runs = self.garbage.past(self._registry(request).name)
        shown = [self.garbage.show(one) for one in runs]
        return paged("garbage_collections", shown, request.query, request.url)

    def cancel(self, request: Request) -> Answer:
        """UNVERIFIED: what is answered to a change that cancels nothing."""
        name, wanted = self._registry(request).name, request.names["garbage_collection_uuid"]
        if not fields.flag(request.body, "cancel"):
            raise ApiError(422, "cancel must be true")
        return Answer(200, {"garbage_collection": self.garbage.show(self.garbage.cancel(name, wanted))})

    def credentials(self, request: Request) -> Answer:
        """A docker config.json; without parameters it may only read, for ever."""
        name = self._registry(request).name
        seconds = request.query["expiry_seconds"]
        writes = request.query["read_write"] == "true"
        username, password = self.logins.give(name, writes=writes, seconds=seconds)
        auth = base64.b64encode(f"{username}:{password}".encode()).decode()
        return Answer(200, {"auths": {self.host: {"auth": auth}}})

    # The registry protocol

    def token(self, environ: WSGIEnvironment, query: Iterable[tuple[str, str]]) -> Answer:
        """`/v2/registry/auth`: a token for the scopes that the login may have.

        It answers 405 to a POST, and 400 to a scope that names a repository outside of any registry: both
        seen from buildx, quoted in public deployment notes. UNVERIFIED: a scope that the login has not is
        left out of the token; the words of the two.
        """
        if environ["REQUEST_METHOD"] != "GET":
            return _refusal(405, "UNSUPPORTED", "the operation is unsupported")
        asked = repository_scopes(query)
        if any("/" not in name for name, _ in asked):
            return _refusal(400, "NAME_INVALID", "invalid repository name")
        login = self.logins.find(basic_credentials(environ.get("HTTP_AUTHORIZATION")))
        if login is None:
            return _refusal(401, "UNAUTHORIZED", "authentication required")
        scopes = frozenset(scope for scope in asked if login.allows(*scope))
        pushed = {name for name, action in scopes if action == "push"}
        closed = self.refusal(login.registry, pushed)
        if closed:
            return _refusal(403, "DENIED", closed)
        value, life = self.logins.token(scopes), int(TOKEN_LIFE.total_seconds())
        return Answer(200, {"token": value, "expires_in": life})

    def refusal(self, registry: str, pushed: set[str]) -> str:
        """Why nobody is given a token to push to these repositories; empty when it is given."""
        return self._full(registry, pushed) or (self._closed(registry) if pushed else "")

    def pull_problem(self, image: str, integrated: Iterable[str]) -> str | None:
        """Why a node could not pull an image of this registry; None when it can, or for another's."""
        host, _, rest = image.partition("/")
        if host != self.host:
            return None
        if rest.partition("/")[0] not in set(integrated):
            return f'failed to resolve reference "{image}": unexpected status: 401 Unauthorized'
        name, _, digest = rest.partition("@")
        repository, _, tag = name.partition(":")
        if self.data.find(repository, digest or tag or "latest"):
            return None
        return f'failed to resolve reference "{image}": {image}: not found'

    def _authorize(self, header: str | None) -> Access:
        challenge = f'Bearer realm="{self.realm}",service="{SERVICE}"'
        scopes = self.logins.scopes(header)
        return Access.challenged(challenge) if scopes is None else Access.allow(scopes, challenge)

    def _eligibility(self, slug: str) -> dict[str, Any]:
        """Whether what is there fits into a plan; its storage is shared by all registries.

        Source: `eligibility_reasons` in digitalocean/openapi. UNVERIFIED: status and words of the refusal,
        and that too many registries have no reason of their own.
        """
        tier, reasons = TIERS[slug], []
        limit = tier["included_repositories"]
        full = limit and any(len(self.repositories.names(name)) > limit for name in self.found)
        if full or len(self.found) > REGISTRIES[slug]:
            reasons.append("OverRepositoryLimit")
        used = sum(self._used(name) for name in self.found)
        if not tier["allow_storage_overage"] and used > tier["included_storage_bytes"]:
            reasons.append("OverStorageLimit")
        return {"eligible": not reasons, "eligibility_reasons": reasons}

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ApiError(422, "invalid registry name")
        if name in self.found or name in _TAKEN:
            raise ApiError(409, "name already exists")

    def _check_count(self, tier: str) -> None:
        """The plan that counts is the account's; only a first registry brings one along.

        UNVERIFIED: what is answered to a later registry with a larger plan, and the words for more than
        one registry. Those for one are of nebari-dev/nebari#265.
        """
        limit = REGISTRIES[self.tier if self.tier and self.found else tier]
        if len(self.found) >= limit:
            one = "user already has a registry"
            raise ApiError(422, one if limit == 1 else f"registry limit of {limit} is reached")

    def _full(self, registry: str, wanted: set[str]) -> str:
        limit = TIERS[self.tier]["included_repositories"] if self.tier else 0
        there = self.repositories.names(registry)
        more = {name.removeprefix(f"{registry}/") for name in wanted} - set(there)
        if limit and more and len(there) >= limit:
            return f"registry contains {len(there)} repositories, limit is {limit}"
        return ""

    def _closed(self, registry: str) -> str:
        """Why nobody may push at all."""
        if self.garbage.running(registry):
            return "registry is read-only while garbage collection is active"
        tier = TIERS[self.tier] if self.tier else {"allow_storage_overage": True}
        used = self._used(registry)
        if tier["allow_storage_overage"] or used < tier["included_storage_bytes"]:
            return ""
        return f"registry uses {used} bytes of storage, limit is {tier['included_storage_bytes']}"

    def _used(self, registry: str) -> int:
        self.garbage.settle(registry)
        return self.ballast.get(registry, 0) + self.repositories.stored(registry)

    def _show(self, registry: _Registry) -> dict[str, Any]:
        return registry.show(self._used(registry.name))

    def _registry(self, request: Request) -> _Registry:
        return self.found[known(self.found, request)]

    def _subscription(self) -> dict[str, Any]:
        assert self.tier  # noqa: S101 - both callers have checked it
        return {"subscription": {"tier": TIERS[self.tier], "created_at": stamp(), "updated_at": stamp()}}


def _refusal(status: int, code: str, message: str) -> Answer:
    errors: Mapping[str, Any] = {"errors": [{"code": code, "message": message}]}
    return Answer(status, errors)
