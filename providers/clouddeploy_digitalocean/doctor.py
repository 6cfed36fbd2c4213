"""Finds out what is missing before a command does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

from clouddeploy.contract import Check, Status
from clouddeploy.errors import CloudDeployError, NotFoundError
from clouddeploy_digitalocean.choose import NODES
from clouddeploy_digitalocean.choose import choose as choose_nodes
from clouddeploy_digitalocean.clusters import Chosen, alive, choose, is_going, owned, state_of
from clouddeploy_digitalocean.costs import HA_CONTROL_PLANE
from clouddeploy_digitalocean.leftovers import leftovers
from clouddeploy_digitalocean.names import foreign
from clouddeploy_digitalocean.records import Cluster
from clouddeploy_digitalocean.registry import DocrRegistry
from clouddeploy_digitalocean.scopes import PURPOSES, scopes_for
from clouddeploy_digitalocean.session import Session, token_variable
from clouddeploy_digitalocean.steps.integration import IntegrationStep, by_hand

_SKEW = timedelta(minutes=5)


class DoDoctor:
    """Questions to one target's account; each is one or two reads."""

    def __init__(self, session: Session, registry: DocrRegistry) -> None:
        self._session = session
        self._registry = registry

    def checks(self) -> Sequence[Callable[[], Check]]:
        """SDK, credentials, permissions, account, registry, cluster, pulls, quota, clock, price."""
        questions = {
            "SDK": self._sdk,
            "credentials": self._credentials,
            "permissions": self._permissions,
            "account": self._account,
            "registry": self._registry_there,
            "cluster": self._cluster,
            "pulls": self._pulls,
            "quota": self._quota,
            "clock": self._clock,
            "price": self._price,
        }
        return [_safe(title, ask) for title, ask in questions.items()]

    def policy(self) -> str:
        """The scopes of a custom token, by what they are for."""
        lines = ["Scopes of the token (https://cloud.digitalocean.com/account/api/tokens/new):"]
        for purpose, operations in PURPOSES.items():
            lines.append(f"{purpose}: {' '.join(scopes_for(operations))}")
        return "\n".join(lines)

    def start(self) -> str:
        """From no account to a token."""
        target = self._session.target.name
        return "\n".join(
            (
                "1. sign up: https://cloud.digitalocean.com/registrations/new (a payment method is needed)",
                f"2. make a token with the scopes that `clouddeploy doctor --policy --to {target}` prints,",
                "   for 90 days at most:",
                "   https://cloud.digitalocean.com/account/api/tokens/new",
                "3. export DIGITALOCEAN_TOKEN=…   (in CI: a masked variable; never in clouddeploy.yaml)",
                "4. choose a region near your users, such as fra1, and write region: fra1 in the target",
                f"5. clouddeploy doctor --to {target}",
            )
        )

    def _sdk(self) -> Check:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return Check("SDK", ok=True, detail=f"pydo {version('pydo')}")
        except PackageNotFoundError:
            return Check("SDK", False, "pydo is not installed", "pip install 'clouddeploy[digitalocean]'")

    def _credentials(self) -> Check:
        who = self._session.identity()
        return Check(
            "credentials", ok=True, detail=f"{who.principal}, team {who.account}, from {token_variable()}"
        )

    def _permissions(self) -> Check:
        """Only reads can be tried without changing anything."""
        api = self._session.api
        for read in (
            api.account,
            api.sizes,
            api.registries,
            api.offer,
            api.clusters,
            api.vpcs,
            api.load_balancers,
            api.volumes,
        ):
            read()
        return Check("permissions", ok=True, detail="every read is allowed; writes cannot be tried")

    def _account(self) -> Check:
        account = self._session.account
        ok = account.status == "active"
        told = f"{account.status}: {account.status_message}" if account.status_message else account.status
        return Check("account", ok, told, None if ok else "https://cloud.digitalocean.com/account/billing")

    def _registry_there(self) -> Check:
        name = self._registry.name
        if any(one.name == name for one in self._session.api.registries()):
            plan = self._session.api.plan()
            used = len(self._session.api.repositories(name))
            room = f"{used} of {plan.repositories}" if plan.repositories else f"{used}"
            return Check("registry", ok=True, detail=f"{name}, plan {plan.name}, {room} repositories")
        self._registry.check()
        return Check(
            "registry",
            ok=None,
            detail=f"{name} is not there; the first push makes it",
            fix=f"clouddeploy push --to {self._session.target.name}",
        )

    def _cluster(self) -> Check:
        wanted = self._session.target.cluster.name
        found = self._find(wanted)
        if found is None:
            self._choose()
            return Check("cluster", None, f"{wanted} is not there", self._create())
        if self._foreign(found):
            refusal = foreign(f"the DOKS cluster {wanted}", wanted)
            return Check("cluster", False, refusal.message, refusal.fix)
        ok = state_of(found).status is Status.READY
        detail = f"{wanted} {state_of(found).detail}, {found.version}, {found.nodes} nodes in {found.region}"
        fix = None if ok else f"clouddeploy cluster create --to {self._session.target.name}, or wait"
        return Check("cluster", ok, detail, fix)

    def _choose(self) -> None:
        """Raises what `cluster create` would say to the region, the version and the size."""
        session = self._session
        choose_nodes(session.target.cluster, session.region, session.api.offer(), session.api.sizes())

    def _foreign(self, cluster: Cluster) -> bool:
        return owned(cluster) is False and not self._session.target.existing

    def _pulls(self) -> Check:
        chosen = Chosen(self._session, self._session.target.cluster.name)
        cluster, name = chosen.find(), self._registry.name
        if self._foreign(cluster):
            fix = foreign("the DOKS cluster", cluster.name).fix
            return Check("pulls", ok=None, detail=f"{cluster.name} is not ours", fix=fix)
        if IntegrationStep(self._session, chosen, self._registry).state().status is Status.READY:
            return Check("pulls", ok=True, detail=f"{cluster.name} may pull from {name}")
        fix = f"clouddeploy deploy --to {self._session.target.name} lets it; or {by_hand(cluster)}"
        return Check("pulls", ok=None, detail=f"{cluster.name} may not pull from {name} yet", fix=fix)

    def _quota(self) -> Check:
        limit = self._session.account.droplet_limit
        used = sum(one.nodes for one in alive(self._session))
        wanted = self._session.target.cluster.nodes or NODES
        there = self._find(self._session.target.cluster.name) is not None
        ok = there or not limit or used + wanted <= limit
        fix = None if ok else "raise the Droplet limit at https://cloud.digitalocean.com/account/team"
        return Check("quota", ok, f"{used} nodes in clusters, Droplet limit {limit}", fix)

    def _clock(self) -> Check:
        _, headers = self._session.api.account_with_headers()
        told = headers.get("date", "")
        if not told:
            return Check("clock", None, "the answer has no date", "compare this machine's clock yourself")
        skew = abs(datetime.now(UTC) - parsedate_to_datetime(told))
        ok = skew <= _SKEW
        fix = None if ok else "set this machine's clock: timedatectl set-ntp true"
        return Check("clock", ok, f"{int(skew.total_seconds())} s from DigitalOcean's", fix)

    def _price(self) -> Check:
        wanted = self._session.target.cluster.name
        found = self._find(wanted)
        monthly, unknown = self._monthly(found) if found else (Decimal(0), "")
        left = [one for one in leftovers(self._session, wanted) if one.monthly]
        monthly += sum((one.monthly or Decimal(0) for one in left), Decimal(0))
        registries = self._session.api.registries()
        used = sum(one.used for one in registries)
        monthly += self._session.api.plan().costs(used) if registries else Decimal(0)
        return Check("price", ok=True, detail=f"what exists costs about ${monthly:.2f} a month{unknown}")

    def _monthly(self, cluster: Cluster) -> tuple[Decimal, str]:
        """What a cluster costs, and of which nodes nobody says the price."""
        prices = {one.slug: one.monthly for one in self._session.api.sizes()}
        nodes = sum((prices.get(one.size, Decimal(0)) * one.count for one in cluster.pools), Decimal(0))
        unknown = sorted({one.size for one in cluster.pools} - set(prices))
        beside = (
            f" without the nodes of size {', '.join(unknown)}, whose price is not known" if unknown else ""
        )
        return nodes + (HA_CONTROL_PLANE if cluster.ha else Decimal(0)), beside

    def _find(self, name: str) -> Cluster | None:
        """The cluster that is meant; ConfigError when several may be."""
        try:
            found = choose(self._session, name)
        except NotFoundError:
            return None
        return None if is_going(found) else found

    def _create(self) -> str:
        return f"clouddeploy cluster create --to {self._session.target.name}"


def _safe(title: str, ask: Callable[[], Check]) -> Callable[[], Check]:
    def check() -> Check:
        try:
            return ask()
        except NotFoundError as error:
            return Check(title, ok=None, detail=error.message, fix=error.fix)
        except CloudDeployError as error:
            return Check(title, ok=False, detail=error.message, fix=error.fix or "see docs/digitalocean.md")
        except Exception as error:
            return Check(
                title,
                ok=None,
                detail=f"could not be found out: {type(error).__name__}",
                fix="pip install 'clouddeploy[digitalocean]', and see docs/digitalocean.md",
            )

    return check
