"""What ACR refuses in a request. All with HTTP 200 and a code of ACR's own, of which most are UNVERIFIED.

Source of the rules: ACR API reference (CreateNamespace, CreateRepository, CreateArtifactLifecycleRule), and
alicloud_cr_ee_repo of terraform-provider-alicloud for the names of repositories.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from clouddeploy_alibaba.emulator.answers import ServiceError

Parameters = Mapping[str, str]
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,118}[a-z0-9])")
_REPOSITORY = re.compile(r"[a-z0-9](?:[a-z0-9._/-]{0,62}[a-z0-9])")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
"""What the distribution specification lets a repository be called: no two separators side by side."""
_KINDS = {"PRIVATE", "PUBLIC"}
_SCOPES = {"INSTANCE": (), "NAMESPACE": ("NamespaceName",), "REPO": ("NamespaceName", "RepoName")}


def invalid(text: str) -> ServiceError:
    return ServiceError("PARAMETER_INVALID", text, 200)


def check_namespace(parameters: Parameters) -> None:
    """A new namespace's name and the kind of its repositories."""
    name = parameters.get("NamespaceName", "")
    if not (_NAMESPACE.fullmatch(name) and _PATH.fullmatch(name)):
        raise invalid("The namespace name is invalid.")
    if parameters.get("DefaultRepoType", "PRIVATE") not in _KINDS:
        raise invalid("DefaultRepoType is invalid.")


def check_repository(parameters: Parameters) -> None:
    """What a new repository must have, its name and its kind."""
    for needed in ("RepoName", "RepoNamespaceName", "RepoType", "Summary"):
        if not parameters.get(needed):
            raise ServiceError(f"Missing{needed}", f"{needed} is mandatory for this action.")
    name = parameters["RepoName"]
    if not (_REPOSITORY.fullmatch(name) and _PATH.fullmatch(name)):
        raise invalid("The repository name is invalid.")
    if parameters["RepoType"] not in _KINDS:
        raise invalid("RepoType is invalid.")


def check_rule(parameters: Parameters, names: Collection[str]) -> None:
    """A clean-up rule: its scope, how many tags stay, and when; `names` are the repositories that exist."""
    scope = parameters.get("Scope", "")
    if scope not in _SCOPES:
        raise invalid("Scope is invalid.")
    if missing := [one for one in _SCOPES[scope] if not parameters.get(one)]:
        raise invalid(f"{missing[0]} is needed.")
    if scope == "REPO" and f"{parameters['NamespaceName']}/{parameters['RepoName']}" not in names:
        raise ServiceError("REPO_NOT_EXIST", "The repository does not exist.", 200)
    count = parameters.get("RetentionTagCount")
    if count is not None and not (count.isdecimal() and int(count) >= 1):
        raise invalid("RetentionTagCount is invalid.")
    if count is None and not parameters.get("TagRegexp"):
        raise invalid("RetentionTagCount or TagRegexp is needed.")
    if parameters.get("Auto", "").lower() == "true" and not parameters.get("ScheduleTime"):
        raise invalid("ScheduleTime is needed.")


def shown(rule: Mapping[str, str]) -> dict[str, Any]:
    """A clean-up rule as ACR lists it."""
    texts = ("RuleId", "InstanceId", "Scope", "NamespaceName", "RepoName", "TagRegexp", "ScheduleTime")
    found: dict[str, Any] = {name: rule[name] for name in texts if name in rule}
    if "RetentionTagCount" in rule:
        found["RetentionTagCount"] = int(rule["RetentionTagCount"])
    return {**found, "Auto": rule.get("Auto", "false").lower() == "true"}
