"""One boto3 session per target: credentials, region, clients, who we are.

Everything is made on first use and once: loading a service's model is what makes boto3 slow.
"""

from __future__ import annotations

import os
import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from clouddeploy.contract import Identity, TargetSettings
from clouddeploy.errors import CredentialsError, MissingToolError, PreconditionError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.regions import check_region
from clouddeploy_aws.renewal import Renewal

if TYPE_CHECKING:
    import boto3
    from botocore.credentials import Credentials
    from botocore.loaders import Loader
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

_CONNECT_TIMEOUT = 10  # seconds
_READ_TIMEOUT = 60  # seconds
_ATTEMPTS = 3


class Session:
    """What one target's provider shares. Safe to use from several threads."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, int], Any] = {}

    @property
    def boto(self) -> boto3.Session:
        """Raises MissingToolError without boto3, CredentialsError for an unknown profile."""
        with self._lock:
            return self._boto

    @cached_property
    def _boto(self) -> boto3.Session:
        return self._new()

    def _new(self) -> boto3.Session:
        try:
            import boto3
        except ModuleNotFoundError as error:
            raise MissingToolError(
                "AWS needs the package boto3", fix="pip install 'clouddeploy[aws]'"
            ) from error
        from botocore.session import Session as CoreSession

        core = CoreSession()
        core.register_component("data_loader", _loader())
        with translated("read the AWS profile"):
            return boto3.Session(
                botocore_session=core,
                profile_name=None if _emulated() else self.target.options.get("profile"),
                region_name=self.target.region,
            )

    @cached_property
    def region(self) -> str:
        """The target's region, else AWS_REGION, else AWS_DEFAULT_REGION, else the profile's."""
        named = self.target.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        region = named or self.boto.region_name
        if region:
            return region
        raise PreconditionError(
            f"no AWS region for target {self.target.name}",
            fix="set region: in the target, or AWS_REGION",
        )

    def identity(self) -> Identity:
        """Who the credentials belong to, asked once.

        Raises CredentialsError for none, for invalid ones and for the wrong account.
        """
        with self._lock:
            found = self._identity
        wanted = self.target.account
        if wanted and wanted != found.account:
            raise CredentialsError(
                f"target {self.target.name} is for AWS account {wanted}, "
                f"the credentials belong to {found.account} ({found.principal})",
                fix="set AWS_PROFILE, or options: {profile: …} in the target, to one of the right account",
            )
        return found

    @cached_property
    def _identity(self) -> Identity:
        with translated("ask AWS who the credentials belong to"):
            caller = self.sts.get_caller_identity()
        return Identity(account=caller["Account"], principal=caller["Arn"])

    @property
    def method(self) -> str:
        """Where the credentials come from, in botocore's words: `env`, `sso`, `assume-role`, …"""
        return str(getattr(self.credentials(), "method", "") or "unknown")

    def credentials(self) -> Credentials:
        """The signing credentials, refreshed when they are about to expire."""
        with translated("find AWS credentials"):
            found = self.boto.get_credentials()
        if found is None:
            raise CredentialsError(
                "there are no AWS credentials",
                fix="run `aws configure` or `aws sso login`, or set AWS_PROFILE",
            )
        return found

    @property
    def ecr(self) -> ECRClient:
        return cast("ECRClient", self._client("ecr"))

    @property
    def eks(self) -> EKSClient:
        return cast("EKSClient", self._client("eks"))

    @property
    def ec2(self) -> EC2Client:
        return cast("EC2Client", self._client("ec2"))

    @property
    def ec2_once(self) -> EC2Client:
        """EC2 without retries: creating a VPC is not idempotent, a lost reply must not make two."""
        return cast("EC2Client", self._client("ec2", attempts=1))

    @property
    def elb(self) -> Any:
        """Application and Network Load Balancers."""
        return self._client("elbv2")

    @property
    def quotas(self) -> Any:
        """Service Quotas; without retries: it is asked for what is good to know, not needed."""
        return self._client("service-quotas", attempts=1)

    @property
    def iam(self) -> IAMClient:
        return cast("IAMClient", self._client("iam"))

    @property
    def sts(self) -> STSClient:
        return cast("STSClient", self._client("sts"))

    def _client(self, service: str, *, attempts: int = _ATTEMPTS) -> Any:
        with self._lock:
            key = (service, attempts)
            if key not in self._clients:
                self._clients[key] = self._make(service, attempts)
            return self._clients[key]

    def _make(self, service: str, attempts: int) -> Any:
        boto = self.boto
        check_region(boto, self.region)
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            read_timeout=_READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        with translated(f"connect to {service}"):
            client = cast("Any", boto).client(service, region_name=self.region, config=config)
            Renewal(boto.get_credentials(), lambda: self._new().get_credentials()).watch(client)
        return client


def _emulated() -> bool:
    """Whether an emulator on this machine answers: it has credentials of its own, and no profiles."""
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL_STS", "")).hostname
    return host in {"127.0.0.1", "::1", "localhost"}


@cache
def _loader() -> Loader:
    """One for all targets: reading a service's model takes longer than a request."""
    from botocore.loaders import create_loader

    return create_loader()
