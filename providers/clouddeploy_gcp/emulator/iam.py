"""IAM policies on resources: versions, etags, conditions, roles and members.

The rules are those that the discovery documents of Google's APIs give under `Policy` and `Binding`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from clouddeploy_gcp.emulator.answers import ApiError, Json, invalid

CONDITIONAL = 3
"""The version of a policy that has conditions, and that whoever reads or changes it must ask for."""

_VERSIONS = (0, 1, CONDITIONAL)
_MORE = "For more information, please refer to https://cloud.google.com/iam/docs/policies#versions"
_CONCURRENT = "There were concurrent policy changes. Please retry the whole read-modify-write."
_ANYBODY = {"allUsers", "allAuthenticatedUsers"}
_NAMED = re.compile(r"(?:deleted:)?(?:user|serviceAccount|group):[^@\s]+@[^@\s]+")
_WORKLOAD = re.compile(r"serviceAccount:[a-z0-9:.-]+\.svc\.id\.goog\[[a-z0-9.-]+/[a-z0-9.-]+\]")
_POOLED = re.compile(r"(?:deleted:)?principal(?:Set)?://iam\.googleapis\.com/\S+")
_DOMAIN = re.compile(r"domain:[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CUSTOM = re.compile(r"(?:projects|organizations)/[^/]+/roles/[A-Za-z0-9_.]{3,64}")
_BASIC = {"roles/viewer", "roles/editor", "roles/owner"}


@dataclass
class Policy:
    """The bindings of one resource; `roles` are the predefined ones that it takes, beside the basic ones."""

    roles: Collection[str]
    bindings: list[Json] = field(default_factory=list)
    changes: int = 0

    @property
    def etag(self) -> str:
        """Changes with every change of the policy."""
        return base64.b64encode(f"BwY{self.changes:04d}".encode()).decode()

    @property
    def version(self) -> int:
        """1, or 3 with a condition."""
        return CONDITIONAL if any("condition" in one for one in self.bindings) else 1

    def members(self) -> set[str]:
        """Who has any role. Conditions are not evaluated: what is granted under one is left out."""
        plain = (one for one in self.bindings if "condition" not in one)
        return {member for one in plain for member in one.get("members", [])}

    def read(self, asked: str) -> Json:
        """The answer of getIamPolicy for `options.requestedPolicyVersion`.

        INVALID_ARGUMENT for less than what there is: hashicorp/terraform-provider-google#5218.
        """
        wanted = _number(asked)
        if max(wanted, 1) < self.version:
            raise invalid(_too_low("Requested", max(wanted, 1), self.version))
        return self.show()

    def show(self) -> Json:
        """As JSON; IAM leaves out what is empty."""
        bindings = {"bindings": self.bindings} if self.bindings else {}
        return {"version": self.version, "etag": self.etag, **bindings}

    def write(self, given: Json, accounts: Collection[str]) -> None:
        """setIamPolicy; ABORTED when somebody else was faster. `accounts` are the service accounts there are.

        Without an etag no version is compared, so that conditions can be lost: see the discovery document.
        """
        bindings: list[Json] = given.get("bindings", [])
        version, etag = _number(given.get("version", 0)), given.get("etag")
        if etag and etag != self.etag:
            raise ApiError("ABORTED", _CONCURRENT)
        if etag and max(version, 1) < self.version:  # hashicorp/vault-plugin-secrets-gcp#88
            raise invalid(_too_low("Specified", max(version, 1), self.version))
        for binding in bindings:
            self._check(binding, version if etag else CONDITIONAL, accounts)
        self.bindings = [one for one in bindings if one.get("members")]
        self.changes += 1

    def _check(self, binding: Json, version: int, accounts: Collection[str]) -> None:
        role = str(binding.get("role", ""))
        if not (role in self.roles or role in _BASIC or _CUSTOM.fullmatch(role)):
            raise invalid(f"Role {role} is not supported for this resource.")
        if "condition" in binding and version < CONDITIONAL:  # text UNVERIFIED
            raise invalid(f"A policy with conditional role bindings must be of version 3. {_MORE}")
        for member in binding.get("members", []):
            check_member(str(member), accounts)


def check_member(member: str, accounts: Collection[str]) -> None:
    """INVALID_ARGUMENT for what cannot be a member, and for a service account of no project."""
    if member in _ANYBODY or any(one.fullmatch(member) for one in (_WORKLOAD, _POOLED, _DOMAIN)):
        return
    if not _NAMED.fullmatch(member):
        text = f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
        raise invalid(text)
    kind, _, address = member.partition(":")
    if kind == "serviceAccount" and address not in accounts:
        raise invalid(f"Service account {address} does not exist.")


def _number(version: Any) -> int:
    """A policy's version; the text of the refusal is UNVERIFIED."""
    text = str(version or 0)
    if not text.isdecimal() or int(text) not in _VERSIONS:
        raise invalid(f"Policy version {text} is not valid: 0, 1 and 3 are.")
    return int(text)


def _too_low(which: str, version: int, existing: int) -> str:
    return (
        f"{which} policy version ({version}) cannot be less than the existing policy version ({existing}). "
        f"{_MORE}"
    )
