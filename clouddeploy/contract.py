"""The seam between the core and the clouds: small Protocols and frozen records.

A provider is a package with a `connect(target) -> Provider` entry point in the group
`clouddeploy.providers`. `connect` makes no request and imports no SDK: every facet loads
its SDK on first use, so that `render` and `compare` work without one. Calls raise only
errors from `clouddeploy.errors`. Nothing here waits, prints or retries: that is the core's.

Standard library only. Providers import everything from here. It is written in `clouddeploy.seam`, by
subject, and the core imports it from there: a command that needs a few of the words loads no more.
"""

from clouddeploy.seam.account import Check, Doctor, Identity, Inventory, MachineType, Quota
from clouddeploy.seam.cluster import (
    OWNER_TAG,
    ClientCertificate,
    Cluster,
    Clusters,
    Cost,
    Credential,
    KubeAccess,
    Leftover,
    Nodes,
    Provisioner,
    State,
    Status,
    Step,
    Token,
)
from clouddeploy.seam.network import unanswered
from clouddeploy.seam.provider import Connect, Provider, Traits
from clouddeploy.seam.registry import IDENTITY_TOKEN, Images, Login, Registry, Repository, StoredImage
from clouddeploy.seam.secret import Secret, redact
from clouddeploy.seam.target import ClusterSpec, TargetSettings

__all__ = [
    "IDENTITY_TOKEN",
    "OWNER_TAG",
    "Check",
    "ClientCertificate",
    "Cluster",
    "ClusterSpec",
    "Clusters",
    "Connect",
    "Cost",
    "Credential",
    "Doctor",
    "Identity",
    "Images",
    "Inventory",
    "KubeAccess",
    "Leftover",
    "Login",
    "MachineType",
    "Nodes",
    "Provider",
    "Provisioner",
    "Quota",
    "Registry",
    "Repository",
    "Secret",
    "State",
    "Status",
    "Step",
    "StoredImage",
    "TargetSettings",
    "Token",
    "Traits",
    "redact",
    "unanswered",
]
