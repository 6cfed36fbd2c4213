"""Alibaba Cloud: ACR and ACK through Alibaba's own SDK.

Importing this package imports no SDK; it loads with the first call.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from clouddeploy.contract import Provider, Registry, TargetSettings, Traits
from clouddeploy.errors import ConfigError
from clouddeploy_alibaba.clusters import AckClusters
from clouddeploy_alibaba.doctor import AlibabaDoctor
from clouddeploy_alibaba.images import AcrImages
from clouddeploy_alibaba.instances import Instances
from clouddeploy_alibaba.inventory import AlibabaInventory
from clouddeploy_alibaba.nodes import AckNodes
from clouddeploy_alibaba.personal import PersonalRegistry
from clouddeploy_alibaba.provisioner import AckProvisioner
from clouddeploy_alibaba.records import find
from clouddeploy_alibaba.registry import AcrRegistry, check_options
from clouddeploy_alibaba.session import Session
from clouddeploy_alibaba.steps.naming import OWNER_TAG
from clouddeploy_alibaba.steps.pulls import PullsStep

_OPTIONS = ("profile",)
_REGISTRY = ("edition", "host", "immutable", "instance", "keep", "namespace")
_EDITIONS = ("enterprise", "personal")
_SLB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer"


def connect(target: TargetSettings) -> Provider:
    """Alibaba Cloud for one target; makes no request.

    `target.account` is checked against the credentials before the first write. Raises ConfigError
    for keys of `options` and `registry` that it does not know.
    """
    _known(target, "options", target.options, _OPTIONS)
    _known(target, "registry", target.registry, _REGISTRY)
    check_options(dict(target.registry))
    edition = target.registry.get("edition", "enterprise")
    if edition not in _EDITIONS:
        raise ConfigError(
            f"target {target.name}: there is no registry edition {edition}", fix="use enterprise"
        )
    session = Session(target)
    instances = Instances(session)
    registry: Registry = (
        PersonalRegistry(session) if edition == "personal" else AcrRegistry(session, instances)
    )
    return Provider(
        name="alibaba",
        identity=session.identity,
        registry=registry,
        clusters=AckClusters(session),
        traits=_traits(target),
        cluster=target.cluster.name,
        provisioner=AckProvisioner(session, instances),
        nodes=AckNodes(session),
        doctor=AlibabaDoctor(session, instances),
        images=None if edition == "personal" else AcrImages(session, instances),
        inventory=AlibabaInventory(session),
        let_pull=None if edition == "personal" else lambda name: PullsStep(session, name, instances, find),
    )


def _traits(target: TargetSettings) -> Traits:
    """What ACK's controllers need; the tag lets load balancers and disks be found after the cluster is gone.

    ACK has no class of ESSD PL0, and its class of ESSD makes PL1 disks, each in any zone at once, so that two
    volumes of a pod can land in two. A cluster made by others gets none of our classes, and uses the one of
    its own that waits for the pod. PL0 begins at 1 GiB in ECS, a volume at 20 GiB in ACK. Source: ACK
    documentation, "Use annotations to configure CLB instances", "StorageClass" and "Disk volumes";
    parseTags and validateDiskPerformanceLevel in pkg/disk/utils.go of alibaba-cloud-csi-driver.
    """
    cluster = target.cluster.name
    traits = Traits(
        load_balancer_annotations={
            f"{_SLB}-address-type": "internet",
            f"{_SLB}-additional-resource-tags": f"{OWNER_TAG}={cluster}",
        },
        storage_class="alicloud-disk-topology-alltype",
        min_volume_gib=20,
    )
    if target.existing:
        return traits
    return replace(
        traits,
        storage_class="clouddeploy-essd-pl0",
        storage_provisioner="diskplugin.csi.alibabacloud.com",
        storage_parameters={
            "type": "cloud_essd",
            "performanceLevel": "PL0",
            "diskTags": f"{OWNER_TAG}:{cluster}",
        },
    )


def _known(target: TargetSettings, where: str, given: Iterable[str], known: Sequence[str]) -> None:
    for key in sorted(set(given) - set(known)):
        near = difflib.get_close_matches(key, known, n=1)
        fix = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(
            f"target {target.name}: alibaba knows no {where} key {key}",
            fix=f"{fix}known keys: {', '.join(known)}",
        )
