"""Finds out what is missing before a command does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

from clouddeploy.contract import Check, Status
from clouddeploy.errors import CloudDeployError
from clouddeploy_aws.allowed import simulated, tried
from clouddeploy_aws.clusters import find, owned, state_of
from clouddeploy_aws.costs import costs
from clouddeploy_aws.errors import headers_of, translated
from clouddeploy_aws.leftovers import leftovers
from clouddeploy_aws.partitions import partition
from clouddeploy_aws.permissions import policy
from clouddeploy_aws.quotas import Room, more, rooms
from clouddeploy_aws.registry import EcrRegistry
from clouddeploy_aws.session import Session
from clouddeploy_aws.steps.naming import foreign

_SKEW = timedelta(minutes=5)

_START = """\
1. sign up: https://portal.aws.amazon.com/billing/signup (a payment card is needed)
2. in the IAM console make a policy from: clouddeploy doctor --policy --to {target}
3. make a user (or, better, a role for IAM Identity Center) with this policy and nothing else;
   never use the root user
4. log in: aws configure sso, then aws sso login; or make an access key for the user and run aws configure
   (in CI: a role for the CI's web identity, no keys)
5. clouddeploy doctor --to {target}"""


class AwsDoctor:
    """Questions to one target's account; they only read."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._target = session.target.name
        self._name = session.target.cluster.name

    def checks(self) -> Sequence[Callable[[], Check]]:
        """SDK, credentials, permissions, registry, cluster, quota, clock, price."""
        questions = {
            "SDK": self._sdk,
            "credentials": self._credentials,
            "permissions": self._permissions,
            "registry": self._registry,
            "cluster": self._cluster,
            "quota": self._quota,
            "clock": self._clock,
            "price": self._price,
        }
        return [_safe(title, ask) for title, ask in questions.items()]

    def policy(self) -> str:
        """An IAM policy; `*` for an account or a region that nobody named."""
        try:
            region = self._session.region
        except CloudDeployError:
            region = "*"
        return policy(partition(region).name, region, self._session.target.account or "*")

    def start(self) -> str:
        return _START.format(target=self._target)

    def _sdk(self) -> Check:
        self._session.boto  # noqa: B018
        from importlib.metadata import version

        return Check("SDK", ok=True, detail=f"boto3 {version('boto3')}")

    def _credentials(self) -> Check:
        who = self._session.identity()
        detail = f"{who.principal}, account {who.account}, from {self._session.method}"
        if who.principal.endswith(":root"):
            fix = "make a user or a role: clouddeploy doctor --policy prints what it must be allowed"
            return Check("credentials", None, f"{detail}: the root user", fix)
        return Check("credentials", ok=True, detail=detail)

    def _permissions(self) -> Check:
        missing = simulated(self._session)
        asked = missing is not None
        if missing is None:
            missing = tried(self._session)
        if missing:
            fix = f"attach the policy that this prints: clouddeploy doctor --policy --to {self._target}"
            return Check("permissions", False, f"not allowed: {', '.join(missing)}", fix)
        if asked:
            return Check("permissions", ok=True, detail="IAM's simulation allows every action")
        return Check(
            "permissions",
            None,
            "one read of each service is allowed; writes cannot be tried",
            "allow iam:SimulatePrincipalPolicy to find out",
        )

    def _registry(self) -> Check:
        login = EcrRegistry(self._session).login()
        until = f", a login lasts until {login.expires:%H:%M} UTC" if login.expires else ""
        return Check("registry", ok=True, detail=f"{login.host}{until}")

    def _cluster(self) -> Check:
        found = find(self._session, self._name)
        make = f"clouddeploy cluster create --to {self._target}"
        if found is None:
            return Check("cluster", None, f"{self._name} is not there", make)
        if not owned(found) and not self._session.target.existing:
            fix = f"to only use it, write cluster: {{existing: {self._name}}}; else choose another name"
            return Check("cluster", False, foreign(f"the EKS cluster {self._name}", self._name).message, fix)
        state = state_of(found)
        whose = "ours" if owned(found) else "not ours"
        detail = f"{self._name}: {state.detail}, Kubernetes {found.get('version', '')}, {whose}"
        if state.status is Status.READY:
            return Check("cluster", ok=True, detail=detail)
        if state.status is Status.FAILED:
            fix = f"clouddeploy cluster delete --to {self._target}, then {make}"
            return Check("cluster", False, detail, fix)
        return Check("cluster", None, detail, "wait: it takes about 15 minutes")

    def _quota(self) -> Check:
        found = rooms(self._session)
        detail = ", ".join(_spell(room) for room in found)
        full = next((room for room in found if room.full), None)
        if full is None or find(self._session, self._name):
            return Check("quota", ok=True, detail=detail)
        return Check("quota", False, f"{detail}: no room for another cluster", more(full))

    def _clock(self) -> Check:
        told = self._date()
        if told is None:
            return Check("clock", None, "nobody answered", "compare this machine's clock yourself")
        skew = abs(datetime.now(UTC) - told)
        fix = None if skew <= _SKEW else "set this machine's clock: timedatectl set-ntp true"
        return Check("clock", fix is None, f"{int(skew.total_seconds())} s from AWS's", fix)

    def _date(self) -> datetime | None:
        """The date of an answer, be it a refusal: with a wrong clock everything is refused."""
        try:
            with translated("ask AWS for the time"):
                answer = self._session.sts.get_caller_identity()
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
        except CloudDeployError as error:
            headers = headers_of(error)
        return parsedate_to_datetime(headers["date"]) if "date" in headers else None

    def _price(self) -> Check:
        there = costs() if find(self._session, self._name) else ()
        left = leftovers(self._session, self._name)
        known = [*(one.monthly for one in there), *(one.monthly for one in left)]
        unknown = ", plus nodes, addresses and traffic" if there else ""
        total = sum((one for one in known if one), Decimal(0))
        return Check("price", ok=True, detail=f"what exists costs about {total:.2f} USD a month{unknown}")


def _spell(room: Room) -> str:
    return f"{room.used} of {'?' if room.limit is None else room.limit} {room.what}"


def _safe(title: str, ask: Callable[[], Check]) -> Callable[[], Check]:
    def check() -> Check:
        try:
            return ask()
        except CloudDeployError as error:
            return Check(title, False, error.message, error.fix or "see docs/aws.md")
        except Exception as error:
            return Check(
                title,
                None,
                f"could not be found out: {type(error).__name__}: {error}",
                "pip install --upgrade 'clouddeploy[aws]', and see docs/aws.md",
            )

    return check
