"""How many pods the addresses of an EC2 machine type allow on EKS: ENIs x (IPv4 addresses each - 1) + 2.

The limits are EC2's, as amazon-vpc-cni-k8s publishes them (data/eni.json says which revision).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def max_pods() -> Mapping[str, int]:
    """By machine type; a type that is not in it has no limit that is known here."""
    text = (resources.files("clouddeploy.prices") / "data" / "eni.json").read_text("utf-8")
    by_pods: Mapping[str, str] = json.loads(text)["max_pods"]
    return {name: int(pods) for pods, names in by_pods.items() for name in names.split()}
