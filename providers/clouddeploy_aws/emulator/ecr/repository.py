"""What ECR keeps about a repository beside its images, and what it refuses in it.

Source: ECR API reference, CreateRepository, PutImageTagMutability and TagResource. The texts are UNVERIFIED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from clouddeploy_aws.emulator.answers import ServiceError

_TAGS_MAX = 50
_WITH_FILTERS = {"IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"}

Tags = Sequence[Mapping[str, str]]


@dataclass
class Repository:
    """One repository; `filters` are the tags that its mutability leaves out."""

    name: str
    arn: str
    uri: str
    account: str
    mutability: str = "MUTABLE"
    filters: Sequence[Mapping[str, str]] = ()
    scan_on_push: bool = False
    tags: list[dict[str, str]] = field(default_factory=list)
    lifecycle: str | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def set_mutability(self, request: Mapping[str, Any]) -> None:
        """InvalidParameterException for exclusions without filters, or filters of nothing."""
        wanted = request.get("imageTagMutability") or "MUTABLE"
        filters = request.get("imageTagMutabilityExclusionFilters") or ()
        if bool(filters) != (wanted in _WITH_FILTERS):
            need = "needs" if wanted in _WITH_FILTERS else "takes no"
            text = f"The image tag mutability {wanted} {need} imageTagMutabilityExclusionFilters"
            raise ServiceError("InvalidParameterException", text)
        self.mutability, self.filters = wanted, filters

    def freezes(self, tag: str) -> bool:
        """Whether a tag may be written only once."""
        left_out = any(fnmatchcase(tag, one["filter"]) for one in self.filters)
        return self.mutability.startswith("IMMUTABLE") != left_out

    def add_tags(self, tags: Tags) -> None:
        """Of one key the new value; ServiceError as `check_tags`, counted with what is there."""
        fresh = {tag["Key"] for tag in tags}
        check_tags(tags)
        together = [tag for tag in self.tags if tag["Key"] not in fresh] + [dict(tag) for tag in tags]
        check_tags(together)
        self.tags = together

    def describe(self) -> dict[str, Any]:
        return {
            "repositoryArn": self.arn,
            "registryId": self.account,
            "repositoryName": self.name,
            "repositoryUri": self.uri,
            "createdAt": self.created,
            **self.describe_mutability(),
            "imageScanningConfiguration": {"scanOnPush": self.scan_on_push},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }

    def describe_mutability(self) -> dict[str, Any]:
        return {
            "imageTagMutability": self.mutability,
            "imageTagMutabilityExclusionFilters": list(self.filters) or None,
        }


def check_tags(tags: Tags) -> None:
    """Up to 50 tags, each key once, none with AWS's own prefix."""
    keys = [tag["Key"] for tag in tags]
    if len(keys) > _TAGS_MAX:
        text = f"A repository has at most {_TAGS_MAX} tags"
        raise ServiceError("TooManyTagsException", text)
    if len(set(keys)) != len(keys):
        raise ServiceError("InvalidTagParameterException", "A tag key is there twice")
    if any(key.lower().startswith("aws:") for key in keys):
        text = "Tag keys that begin with aws: are reserved"
        raise ServiceError("InvalidTagParameterException", text)
