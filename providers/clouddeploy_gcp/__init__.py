"""Google Cloud: Artifact Registry and GKE through Google's own libraries.

Importing this package imports no google package; the SDK loads with the first call.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from clouddeploy.contract import Provider, TargetSettings, Traits
from clouddeploy.errors import ConfigError
from clouddeploy_gcp.clusters import GkeClusters
from clouddeploy_gcp.doctor import GcpDoctor
from clouddeploy_gcp.images import ArtifactImages
from clouddeploy_gcp.inventory import GcpInventory
from clouddeploy_gcp.nodes import GkeNodes
from clouddeploy_gcp.options import OPTIONS, REGISTRY_OPTIONS, check_values
from clouddeploy_gcp.provisioner import GkeProvisioner
from clouddeploy_gcp.registry import ArtifactRegistry
from clouddeploy_gcp.session import Session
from clouddeploy_gcp.steps.pulls import PullsStep

TRAITS = Traits(
    ingress_annotations={"kubernetes.io/ingress.class": "gce"},
    storage_class="standard-rwo",
    min_volume_gib=10,
)
"""GKE's ingress controller reads the annotation, not `ingressClassName`; disks have 10 GiB at least.

Source: GKE documentation, "GKE Ingress for Application Load Balancers" and "Persistent Disk".
"""


def connect(target: TargetSettings) -> Provider:
    """Google Cloud for one target; makes no request.

    The project is `account` of the target or `project` of its options. Raises ConfigError for a key
    or a value that it does not know.
    """
    _check_keys("options", target.options, OPTIONS)
    _check_keys("registry", target.registry, REGISTRY_OPTIONS)
    check_values(target)
    session = Session(target)
    return Provider(
        name="gcp",
        identity=session.identity,
        registry=ArtifactRegistry(session),
        clusters=GkeClusters(session),
        traits=TRAITS,
        cluster=target.cluster.name,
        chosen_by=("GOOGLE_CLOUD_PROJECT",),
        provisioner=GkeProvisioner(session),
        nodes=GkeNodes(session),
        doctor=GcpDoctor(session),
        images=ArtifactImages(session),
        inventory=GcpInventory(session),
        let_pull=lambda cluster: PullsStep(session, cluster),
    )


def _check_keys(where: str, given: Iterable[str], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ConfigError(f"gcp knows no {where} key {key}", fix=f"{meant}use one of: {', '.join(known)}")
