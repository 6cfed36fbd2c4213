"""What is missing before a command finds out: one question, one line, one thing to do."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from clouddeploy.contract import Check, Status
from clouddeploy.errors import CloudDeployError, ForeignResourceError
from clouddeploy_gcp import choices, policy
from clouddeploy_gcp.clusters import find, owned
from clouddeploy_gcp.compute import Compute
from clouddeploy_gcp.costs import AS_OF, costs
from clouddeploy_gcp.errors import DISABLED, translated
from clouddeploy_gcp.leftovers import IMAGES, leftovers
from clouddeploy_gcp.records import GkeCluster
from clouddeploy_gcp.registry import Home
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.apis import missing
from clouddeploy_gcp.steps.naming import foreign
from clouddeploy_gcp.steps.pulls import PullsStep

_PACKAGES = ("google.cloud.container_v1", "google.cloud.artifactregistry_v1", "requests")
_RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
_SKEW = 300  # seconds that Google allows


class GcpDoctor:
    """Asks Google, and never raises what it is told."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def checks(self) -> Sequence[Callable[[], Check]]:
        """Independent questions; safe to ask at once."""
        questions = (
            ("Google's libraries", self._libraries),
            ("clock", self._clock),
            ("credentials", self._credentials),
            ("APIs", self._apis),
            ("permissions", self._permissions),
            ("registry", self._registry),
            ("cluster", self._cluster),
            ("pulls", self._pulls),
            ("quota", self._quota),
            ("price", self._price),
            ("leftovers", self._leftovers),
        )
        return [_safe(title, ask) for title, ask in questions]

    def policy(self) -> str:
        """A custom role with every permission that clouddeploy uses."""
        return policy.POLICY

    def start(self) -> str:
        """From no account to a first cluster."""
        return policy.START.format(target=self._session.target.name)

    def _libraries(self, title: str) -> Check:
        absent = [name for name in _PACKAGES if not _installed(name)]
        if absent:
            return Check(title, False, f"{', '.join(absent)} missing", "pip install 'clouddeploy[gcp]'")
        return Check(title, True, "installed")

    def _clock(self, title: str) -> Check:
        ahead = self._session.sdk.skew()
        if abs(ahead) > _SKEW:
            way = "ahead" if ahead > 0 else "behind"
            return Check(title, False, f"{abs(ahead):.0f} s {way}", "set this machine's clock, with NTP")
        return Check(title, True, f"{abs(ahead):.0f} s off")

    def _credentials(self, title: str) -> Check:
        who = self._session.identity()
        return Check(title, True, f"{who.principal} in project {who.account}, from {self._session.sdk.kind}")

    def _apis(self, title: str) -> Check:
        off = missing(self._session)
        project = self._session.project
        if off is None:
            fix = "allow serviceusage.services.get (roles/serviceusage.serviceUsageViewer) to have it checked"
            return Check(title, None, f"may not ask which are enabled in {project}", fix)
        if off:
            command = f"gcloud services enable {' '.join(off)} --project {project}"
            return Check(
                title, False, f"{', '.join(off)} not enabled", f"{command}; or clouddeploy cluster create"
            )
        return Check(title, True, "all enabled")

    def _permissions(self, title: str) -> Check:
        try:
            answer = self._allowed()
        except CloudDeployError as error:
            if error.code != DISABLED:
                raise
            # Only this question needs that API.
            enable = f"gcloud services enable {_RESOURCE_MANAGER} --project {self._session.project}"
            return Check(
                title, None, f"{_RESOURCE_MANAGER} is not enabled", f"to have them checked: {enable}"
            )
        lacking = sorted(set(policy.EVERYTHING) - set(answer.get("permissions", [])))
        if lacking:
            detail = f"{len(lacking)} missing: {', '.join(lacking[:4])}{' …' if len(lacking) > 4 else ''}"
            return Check(
                title, False, detail, "ask the project's owner for the role in `clouddeploy doctor --policy`"
            )
        return Check(title, True, f"all {len(policy.EVERYTHING)}")

    def _allowed(self) -> dict[str, Any]:
        path = f"v1/projects/{self._session.project}:testIamPermissions"
        wanted = {"permissions": list(policy.EVERYTHING)}
        with translated("ask what the credentials may do"):
            return self._session.sdk.rest("POST", "cloudresourcemanager", path, json=wanted)

    def _registry(self, title: str) -> Check:
        home = Home(self._session)
        found = home.find()
        where = f"{home.host}/{self._session.project}/{home.repository}"
        return Check(title, True, where if found else f"{where}, made with the first push")

    def _cluster(self, title: str) -> Check:
        session, spec = self._session, self._session.target.cluster
        cluster = find(session, spec.name)
        make = f"clouddeploy cluster create --to {session.target.name}"
        if cluster is None:
            return Check(title, True, f"there is no {spec.name} in {session.region} yet", make)
        if self._foreign(cluster):
            refusal = foreign(f"the GKE cluster {spec.name}", spec.name, _only_use(spec.name))
            return Check(title, False, refusal.message, refusal.fix)
        if cluster.state.status is Status.FAILED:
            again = f"clouddeploy cluster delete --to {session.target.name}, then create it again"
            return Check(title, False, f"{spec.name} is {cluster.status}: {cluster.told}", again)
        if cluster.told:
            return Check(title, False, f"{spec.name}: {cluster.told}", "see docs/gcp.md, nodes' permissions")
        whose = "" if owned(cluster) else ", not made by clouddeploy"
        return Check(
            title, True, f"{spec.name} {cluster.status}, {cluster.version}, {cluster.location}{whose}"
        )

    def _foreign(self, cluster: GkeCluster) -> bool:
        return not owned(cluster) and not self._session.target.existing

    def _pulls(self, title: str) -> Check:
        session = self._session
        cluster = find(session, session.target.cluster.name)
        if cluster is None:
            return Check(title, True, "there is no cluster yet")
        if self._foreign(cluster):
            return Check(title, None, f"{cluster.name} is not ours", _only_use(cluster.name))
        step = PullsStep(session, cluster.name)
        if step.state().status is Status.READY:
            return Check(title, True, step.title)
        fix = f"clouddeploy deploy --to {session.target.name} makes them so; or {step.command()}"
        return Check(title, None, f"not yet: {step.title}", fix)

    def _quota(self, title: str) -> Check:
        spec = self._session.target.cluster
        compute = Compute(self._session)
        region = compute.region()
        if choices.autopilot(spec):
            left = region.left("CPUS")
            return Check(
                title, True, f"{left:g} CPUs left in {region.name}" if left is not None else region.name
            )
        if find(self._session, spec.name) is not None:
            return Check(title, True, "the cluster is there")
        zones = choices.zones_of(self._session, region, compute)
        plan = choices.layout(spec, region, zones)
        machine = choices.machine(spec, compute.machines(zones[0]))
        choices.check_quota(region, choices.needed(machine, plan.nodes))
        return Check(title, True, f"enough for {plan.nodes} x {machine.name} in {region.name}")

    def _price(self, title: str) -> Check:
        lines = costs(self._session.target.cluster, self._session.region)
        known = sum((line.monthly for line in lines if line.monthly is not None), Decimal(0))
        rest = [line.kind for line in lines if line.monthly is None]
        more = f" and {', '.join(rest)}" if rest else ""
        told = f"about {known} USD a month{more} (list prices of {AS_OF})"
        if find(self._session, self._session.target.cluster.name) is None:
            return Check(title, True, f"no cluster, nothing billed for one; as asked for it costs {told}")
        return Check(title, True, told)

    def _leftovers(self, title: str) -> Check:
        name = self._session.target.cluster.name
        if find(self._session, name) is not None:
            return Check(title, True, "the cluster is there")
        found = leftovers(self._session, name)
        if not found:
            return Check(title, True, "none")
        what = ", ".join(f"{one.kind} {one.id}" for one in found[:3])
        fix = f"clouddeploy cluster leftovers --to {self._session.target.name}"
        # Pushed images are there before the first cluster, and wanted after the last.
        ok = None if all(one.kind == IMAGES for one in found) else False
        return Check(title, ok, f"{len(found)}: {what}", fix)


def _only_use(cluster: str) -> str:
    return f"to only use it, write cluster: {{existing: {cluster}}}; else choose another name"


def _safe(title: str, ask: Callable[[str], Check]) -> Callable[[], Check]:
    def check() -> Check:
        try:
            return ask(title)
        except CloudDeployError as error:
            unknown = not isinstance(error, ForeignResourceError) and error.exit_code == 75
            fix = error.fix or "run the command that failed to see more"
            return Check(title, None if unknown else False, error.message, fix)
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            return Check(title, None, text, "report this with the output of clouddeploy doctor")

    return check


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
