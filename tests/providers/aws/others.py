"""Good calls that the life of a cluster never makes: those of users, controllers and tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto_fixtures.aws import REGION
from tests.providers.aws.life import rule_naming

Clients = Mapping[str, Any]

SERVICES = ("ec2", "ecr", "eks", "elbv2", "iam", "sts")

_INLINE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_TAGS = [{"Key": "team", "Value": "web"}]


def call_others(clients: Clients) -> None:
    """In an account that has the cluster `demo`, the repository `shop/web` and the role `ci`."""
    _tag_cluster(clients["eks"])
    _change_cluster(clients["eks"])
    role = clients["iam"].get_role(RoleName="ci")["Role"]["Arn"]
    _let_in(clients["eks"], role)
    clients["sts"].assume_role(
        RoleArn=role,
        RoleSessionName="ci",
        DurationSeconds=900,
        ExternalId="x9",
        Policy=json.dumps(_INLINE),
        Tags=_TAGS,
        SourceIdentity="who",
    )
    _write_role(clients["iam"])
    _use_network(clients["ec2"], clients["elbv2"])
    _use_registry(clients["ecr"])


def _tag_cluster(eks: Any) -> None:
    arn = eks.describe_cluster(name="demo")["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"team": "web"})
    eks.list_tags_for_resource(resourceArn=arn)
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])


def _change_cluster(eks: Any) -> None:
    update = eks.update_cluster_config(name="demo", deletionProtection=True)["update"]
    eks.describe_update(name="demo", updateId=update["id"])
    eks.list_nodegroups(clusterName="demo", maxResults=10)
    eks.list_addons(clusterName="demo", maxResults=10)
    eks.describe_cluster_versions(clusterVersions=["1.36"], maxResults=10)
    eks.describe_cluster_versions(versionStatus="STANDARD_SUPPORT", defaultOnly=False)


def _let_in(eks: Any, role: str) -> None:
    entry = {"clusterName": "demo", "principalArn": role}
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    eks.create_access_entry(**entry, kubernetesGroups=["dev"], tags={"team": "web"}, type="STANDARD")
    scope = {"type": "namespace", "namespaces": ["shop"]}
    eks.associate_access_policy(**entry, policyArn=policy, accessScope=scope)
    eks.describe_access_entry(**entry)
    eks.list_access_entries(clusterName="demo", maxResults=10)
    eks.delete_access_entry(**entry)


def _write_role(iam: Any) -> None:
    iam.put_role_policy(RoleName="ci", PolicyName="p", PolicyDocument=json.dumps(_INLINE))
    iam.tag_role(RoleName="ci", Tags=_TAGS)
    iam.update_role(RoleName="ci", Description="d", MaxSessionDuration=3600)
    iam.create_instance_profile(InstanceProfileName="ci", Path="/a/", Tags=_TAGS)
    iam.add_role_to_instance_profile(InstanceProfileName="ci", RoleName="ci")
    iam.list_roles(PathPrefix="/", MaxItems=10)


def _use_network(ec2: Any, elb: Any) -> None:
    vpc = ec2.describe_vpcs(MaxResults=5)["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets(SubnetIds=[])["Subnets"]]
    group = ec2.create_security_group(
        GroupName="k8s",
        Description="k8s",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": _TAGS}],
    )["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule_naming(group)])
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address, ConnectivityType="public")
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=20, VolumeType="gp3", Encrypted=True)
    made = elb.create_load_balancer(
        Name="web", Subnets=subnets, Type="network", Scheme="internet-facing", Tags=_TAGS
    )
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    elb.describe_load_balancers(LoadBalancerArns=[arn], PageSize=10)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def _use_registry(ecr: Any) -> None:
    name = {"repositoryName": "shop/web"}
    arn = ecr.describe_repositories()["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=_TAGS)
    ecr.list_images(**name, filter={"tagStatus": "TAGGED"}, maxResults=10)
    ecr.batch_get_image(**name, imageIds=[{"imageTag": "v1"}])
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    ecr.get_account_setting(name="BLOB_MOUNTING")
    ecr.put_image_tag_mutability(
        **name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev*"}],
    )
    ecr.delete_repository(**name, force=True)
