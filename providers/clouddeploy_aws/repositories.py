"""One ECR repository: made as the target says, and brought to that again on later runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from clouddeploy.contract import Repository
from clouddeploy_aws.errors import translated
from clouddeploy_aws.options import RegistryOptions
from clouddeploy_aws.session import Session

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import RepositoryTypeDef

REPOSITORY_TAG = "clouddeploy:app"
"""Tag of a repository that we made; its value is the first part of the repository's name."""

_UNTAGGED_DAYS = 14


class Repositories:
    """The repositories of one registry; what does not carry our tag is used as it is."""

    def __init__(self, session: Session, options: RegistryOptions) -> None:
        self._session = session
        self._options = options

    def ensure(self, name: str, address: str) -> Repository:
        """The repository at `address`; somebody else making it first is a success too.

        It is immutable only when every tag is: `IMMUTABLE_WITH_EXCLUSION` lets some move.
        """
        found = self._find(name)
        if found is None and self._create(name):
            self._put_lifecycle(name)
            return Repository(address, created=True, immutable=bool(self._options.immutable))
        found = found or self._find(name)
        immutable = found is not None and found.get("imageTagMutability") == "IMMUTABLE"
        if found and self._ours(found):
            self._bring_up(name, found)
            immutable = immutable if self._options.immutable is None else self._options.immutable
        return Repository(address, immutable=immutable)

    def _find(self, name: str) -> RepositoryTypeDef | None:
        ecr = self._session.ecr
        with translated(f"look for the repository {name}"):
            try:
                return ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
            except ecr.exceptions.RepositoryNotFoundException:
                return None

    def _create(self, name: str) -> bool:
        ecr = self._session.ecr
        with translated(f"create the repository {name}"):
            try:
                ecr.create_repository(
                    repositoryName=name,
                    imageTagMutability="IMMUTABLE" if self._options.immutable else "MUTABLE",
                    imageScanningConfiguration={"scanOnPush": bool(self._options.scan)},
                    tags=[{"Key": REPOSITORY_TAG, "Value": name.partition("/")[0]}],
                )
            except ecr.exceptions.RepositoryAlreadyExistsException:
                return False
        return True

    def _ours(self, repository: RepositoryTypeDef) -> bool:
        with translated("look at the repository's tags"):
            answer = self._session.ecr.list_tags_for_resource(resourceArn=repository.get("repositoryArn", ""))
        return any(tag.get("Key") == REPOSITORY_TAG for tag in answer.get("tags", []))

    def _bring_up(self, name: str, found: RepositoryTypeDef) -> None:
        """What the target says, where it says something; and the policy that an interrupted run left out."""
        immutable, scan = self._options.immutable, self._options.scan
        mutability: Literal["IMMUTABLE", "MUTABLE"] = "IMMUTABLE" if immutable else "MUTABLE"
        scans = found.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        with translated(f"set up the repository {name}"):
            if immutable is not None and found.get("imageTagMutability") != mutability:
                self._session.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
            if scan is not None and scans != scan:
                self._session.ecr.put_image_scanning_configuration(
                    repositoryName=name, imageScanningConfiguration={"scanOnPush": scan}
                )
        there = self._lifecycle(name)
        if there is None or (self._options.keep is not None and there != lifecycle(self._options.keep)):
            self._put_lifecycle(name)

    def _lifecycle(self, name: str) -> object:
        ecr = self._session.ecr
        with translated(f"look at the lifecycle policy of the repository {name}"):
            try:
                found = ecr.get_lifecycle_policy(repositoryName=name)
            except ecr.exceptions.LifecyclePolicyNotFoundException:
                return None
        return json.loads(found["lifecyclePolicyText"])

    def _put_lifecycle(self, name: str) -> None:
        text = json.dumps(lifecycle(self._options.keep))
        with translated(f"set the lifecycle policy of the repository {name}"):
            self._session.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)


def lifecycle(keep: int | None) -> dict[str, Any]:
    """Untagged images expire; with `keep` also all but the newest ones, whatever their tags are.

    Source: ECR user guide, "Lifecycle policy properties": a rule for any tag comes last.
    """
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": _UNTAGGED_DAYS,
    }
    rules = [_rule(1, f"untagged images expire after {_UNTAGGED_DAYS} days", untagged)]
    if keep is not None:
        newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
        rules.append(_rule(2, f"the newest {keep} images stay", newest))
    return {"rules": rules}


def _rule(priority: int, description: str, selection: dict[str, Any]) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
