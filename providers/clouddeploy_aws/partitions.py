"""AWS partitions: the name in ARNs and the domain that service hosts end with.

Source: the partitions file that every AWS SDK ships (`endpoints.json`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Partition:
    """`name` as in `arn:<name>:…`; `suffix` as in `sts.<region>.<suffix>`; `home` is IAM's region."""

    name: str
    suffix: str
    home: str


_PREFIXES = (
    ("cn-", Partition("aws-cn", "amazonaws.com.cn", "cn-north-1")),
    ("us-gov-", Partition("aws-us-gov", "amazonaws.com", "us-gov-west-1")),
    ("us-iso-", Partition("aws-iso", "c2s.ic.gov", "us-iso-east-1")),
    ("us-isob-", Partition("aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1")),
    ("eusc-", Partition("aws-eusc", "amazonaws.eu", "eusc-de-east-1")),
)


def partition(region: str) -> Partition:
    """The partition that a region belongs to."""
    for prefix, found in _PREFIXES:
        if region.startswith(prefix):
            return found
    return Partition("aws", "amazonaws.com", "us-east-1")


def sts_host(region: str) -> str:
    """The regional STS host, the only one that EKS accepts in a token for this region."""
    return f"sts.{region}.{partition(region).suffix}"


def ecr_host(account: str, region: str) -> str:
    """The private registry's host."""
    return f"{account}.dkr.ecr.{region}.{partition(region).suffix}"
