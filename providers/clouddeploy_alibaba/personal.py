"""ACR Personal Edition, as far as it goes.

What it cannot do: clusters pull from its instances made since 2024-09-09 neither over the public
endpoint nor with ACK's credential helper; there are 3 namespaces, 300 repositories and no promise of
availability. Source: ACR documentation, "What is Container Registry" and "Independent domain names".
"""

from __future__ import annotations

from datetime import UTC, datetime

from clouddeploy.contract import Login, Repository, Secret
from clouddeploy.errors import CloudDeployError, ConfigError, NotFoundError
from clouddeploy_alibaba.registry import split
from clouddeploy_alibaba.sdk import Json
from clouddeploy_alibaba.session import Session


class PersonalRegistry:
    """The account's personal registry in the target's region; `host` names one with a domain of its own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def address(self, repository: str) -> str:
        """Raises ConfigError for a name that ACR would refuse, or that has more than two parts."""
        return f"{self._host}/{'/'.join(self._names(repository))}"

    def ensure(self, repository: str) -> Repository:
        """The repository, private; it and its namespace are made when they are missing."""
        namespace, name = self._names(repository)
        self._session.identity()
        if not self._found(f"/namespace/{namespace}"):
            self._put("namespace", {"Namespace": {"Namespace": namespace}})
        created = False
        if not self._found(f"/repos/{namespace}/{name}"):
            repo = {"RepoNamespace": namespace, "RepoName": name, "RepoType": "PRIVATE"}
            created = self._put("repos", {"Repo": {**repo, "Summary": "made by clouddeploy", "Detail": ""}})
        return Repository(self.address(repository), created)

    def login(self) -> Login:
        """A login for one hour."""
        data = self._session.sdk.personal("log in to ACR", "GET", "/tokens").get("data", {})
        if not data.get("authorizationToken"):
            raise CloudDeployError(
                "could not log in to ACR Personal Edition: the answer holds no token",
                fix="set a registry password at https://cr.console.alibabacloud.com once, then run it again",
            )
        expires = data.get("expireDate")
        return Login(
            self._host,
            str(data.get("tempUserName", "")),
            Secret(str(data["authorizationToken"])),
            datetime.fromtimestamp(int(expires) / 1000, UTC) if expires else None,
        )

    @property
    def _host(self) -> str:
        given = self._session.target.registry.get("host")
        return given or f"registry.{self._session.region}.aliyuncs.com"

    def _names(self, repository: str) -> tuple[str, str]:
        namespace, name = split(self._session, repository)
        if "/" in name:
            raise ConfigError(
                f"{repository!r} has too many parts for ACR Personal Edition",
                fix="leave registry.namespace out, so that the first part is the namespace",
            )
        return namespace, name

    def _found(self, path: str) -> bool:
        try:
            self._session.sdk.personal("look into ACR Personal Edition", "GET", path)
        except NotFoundError:
            return False
        return True

    def _put(self, what: str, body: Json) -> bool:
        """True when this call made it; somebody else being faster is a success too."""
        try:
            self._session.sdk.personal(f"create {what} in ACR Personal Edition", "PUT", f"/{what}", body)
        except CloudDeployError as error:
            if "ALREADY_EXIST" in str(error.code):
                return False
            raise
        return True
