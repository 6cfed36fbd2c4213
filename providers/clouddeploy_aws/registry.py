"""ECR: repositories and logins."""

from __future__ import annotations

import base64
import os
import re
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clouddeploy.contract import Login, Repository, Secret
from clouddeploy.errors import CloudDeployError, ConfigError
from clouddeploy_aws.errors import translated
from clouddeploy_aws.options import registry_options
from clouddeploy_aws.partitions import ecr_host
from clouddeploy_aws.repositories import Repositories
from clouddeploy_aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import AuthorizationDataTypeDef

_NAME = re.compile(r"(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL")


class EcrRegistry:
    """The account's private registry in the target's region.

    The host is `<account>.dkr.ecr.<region>.amazonaws.com`, known without a request when the
    target names account and region. When AWS_ENDPOINT_URL_ECR or AWS_ENDPOINT_URL sends the
    API elsewhere (an emulator, a proxy), the host is the authorization token's `proxyEndpoint`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._repositories = Repositories(session, registry_options(session.target.registry))

    def address(self, repository: str) -> str:
        """Raises ConfigError for a name that ECR would refuse."""
        return f"{self._host}/{_checked(repository)}"

    def ensure(self, repository: str) -> Repository:
        """The repository; made when it is missing, with a rule that expires untagged images.

        A repository of ours is brought to what the target's `registry` says.

        Raises CredentialsError for the wrong account before anything is written.
        """
        _checked(repository)
        self._session.identity()
        return self._repositories.ensure(repository, self.address(repository))

    def login(self) -> Login:
        """A login that is valid for 12 hours (ECR API reference, GetAuthorizationToken)."""
        data = self._authorization()
        token = base64.b64decode(data.get("authorizationToken", "")).decode()
        username, _, password = token.partition(":")
        expires = data.get("expiresAt")
        return Login(self._host, username, Secret(password), expires and expires.astimezone(UTC))

    @cached_property
    def _host(self) -> str:
        if any(os.environ.get(name) for name in _ENDPOINT_VARIABLES):
            return urlsplit(self._authorization().get("proxyEndpoint", "")).netloc
        account = self._session.target.account or self._session.identity().account
        return ecr_host(account, self._session.region)

    def _authorization(self) -> AuthorizationDataTypeDef:
        with translated("log in to ECR"):
            answer = self._session.ecr.get_authorization_token()
        if not answer["authorizationData"]:
            raise CloudDeployError("could not log in to ECR: the answer holds no token")
        return answer["authorizationData"][0]


def _checked(name: str) -> str:
    if 2 <= len(name) <= 256 and _NAME.fullmatch(name):
        return name
    raise ConfigError(
        f"{name!r} is no ECR repository name",
        fix="use 2 to 256 lower-case letters and digits; . _ - only between them, / between the parts",
    )
