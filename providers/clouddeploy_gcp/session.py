"""One session per target: which project, which region, who we are."""

from __future__ import annotations

import os
import re
import threading
from functools import cached_property

from clouddeploy.contract import Identity, TargetSettings, Token
from clouddeploy.errors import ConfigError, PreconditionError
from clouddeploy_gcp.sdk import Sdk

_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)*-[a-z]+[0-9]+)-[a-z]")
_PROJECT_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION_VARIABLES = ("GOOGLE_CLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")


class Session:
    """What one target's provider shares. Safe to use from several threads."""

    def __init__(self, target: TargetSettings) -> None:
        self.target = target
        self.sdk = Sdk()
        self._lock = threading.RLock()

    @cached_property
    def project(self) -> str:
        """The id of the target's project, else of the environment's, else of the credentials' own.

        Raises ConfigError for a project's number: the APIs take one, image addresses and workload pools do
        not. Raises PreconditionError for none.
        """
        named = self.target.account or self.target.options.get("project")
        project = named or _first(_PROJECT_VARIABLES) or self.sdk.project
        if project.isdecimal():  # an id begins with a letter
            raise ConfigError(
                f"{project} is the number of a Google Cloud project, not its id",
                fix=f"write the id: gcloud projects describe {project} --format 'value(projectId)'",
            )
        if project:
            return project
        raise PreconditionError(
            f"no Google Cloud project for target {self.target.name}",
            fix="set account: in the target, or GOOGLE_CLOUD_PROJECT",
        )

    @property
    def region(self) -> str:
        """The target's region; of a zone such as europe-west3-a, its region."""
        match = _ZONE.fullmatch(self._place)
        return match.group(1) if match else self._place

    @property
    def zone(self) -> str | None:
        """The zone, where the target names one for its region."""
        return self._place if _ZONE.fullmatch(self._place) else None

    @cached_property
    def _place(self) -> str:
        place = self.target.region or _first(_REGION_VARIABLES)
        if place:
            return place
        raise PreconditionError(
            f"no Google Cloud region for target {self.target.name}",
            fix="set region: in the target, or GOOGLE_CLOUD_REGION",
        )

    def identity(self) -> Identity:
        """The project, and who acts in it; asks for a token, so that wrong credentials show.

        Whether the project may be used, only its own services can say: their refusals name it.
        Raises CredentialsError for no credentials and for ones that Google refuses.
        """
        with self._lock:
            self.token()
            return Identity(self.project, self._principal)

    def token(self) -> Token:
        """An OAuth access token: what Kubernetes and the registry take."""
        return self.sdk.token()

    @cached_property
    def _principal(self) -> str:
        return self.sdk.principal or str(self.sdk.who().get("email") or "a Google account")

    def parent(self, location: str) -> str:
        """The resource name of a location."""
        return f"projects/{self.project}/locations/{location}"


def _first(variables: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in variables if os.environ.get(name)), None)
