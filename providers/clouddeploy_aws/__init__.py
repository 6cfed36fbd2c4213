"""AWS: ECR and EKS through boto3.

Importing this package imports no boto3; the SDK loads with the first call.
"""

from __future__ import annotations

from dataclasses import replace

from clouddeploy.contract import Provider, TargetSettings, Traits
from clouddeploy_aws.clusters import EksClusters
from clouddeploy_aws.doctor import AwsDoctor
from clouddeploy_aws.images import EcrImages
from clouddeploy_aws.inventory import AwsInventory
from clouddeploy_aws.options import check
from clouddeploy_aws.provisioner import EksProvisioner
from clouddeploy_aws.registry import EcrRegistry
from clouddeploy_aws.session import Session

TRAITS = Traits(
    ingress_class="alb",
    ingress_annotations={"alb.ingress.kubernetes.io/scheme": "internet-facing"},
    load_balancer_annotations={"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"},
    storage_class="clouddeploy-gp3",
    storage_provisioner="ebs.csi.eks.amazonaws.com",
    storage_parameters={"type": "gp3", "encrypted": "true"},
)
"""What EKS Auto Mode needs: without the scheme a load balancer is internal, and it has no storage class.

The class `alb` has to be made once for each cluster (docs/aws.md, "Ingress"). Source: EKS user guide,
"Use Service Annotations to configure Network Load Balancers", "Create an IngressClass to
configure an Application Load Balancer" and "Create a storage class".
"""
_EXISTING = replace(TRAITS, storage_class=None, storage_provisioner=None, storage_parameters={})
"""A cluster made by others need not be in Auto Mode: volumes are of its own default class."""


def connect(target: TargetSettings) -> Provider:
    """AWS for one target; makes no request.

    `target.account` is checked against the credentials before the first write;
    `target.options` knows `profile`, `target.registry` knows `immutable`, `keep` and `scan`. Raises
    ConfigError for any other key, and for a value that cannot be read.
    """
    check(target)
    session = Session(target)
    clusters = EksClusters(session)
    return Provider(
        name="aws",
        identity=session.identity,
        registry=EcrRegistry(session),
        clusters=clusters,
        traits=_EXISTING if target.existing else TRAITS,
        cluster=target.cluster.name,
        chosen_by=("AWS_PROFILE",),
        provisioner=EksProvisioner(session),
        doctor=AwsDoctor(session),
        images=EcrImages(session),
        inventory=AwsInventory(session),
    )
