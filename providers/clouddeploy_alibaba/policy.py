"""What the credentials must be allowed, and how to get some."""

from __future__ import annotations

POLICY = """\
{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["sts:GetCallerIdentity"],
      "Resource": "*"
    },
    {
      "Effect": "Allow",
      "Action": [
        "cr:ListInstance", "cr:ListInstanceEndpoint",
        "cr:GetNamespace", "cr:CreateNamespace",
        "cr:GetRepository", "cr:CreateRepository",
        "cr:CreateArtifactLifecycleRule", "cr:ListArtifactLifecycleRule",
        "cr:GetAuthorizationToken", "cr:PullRepository", "cr:PushRepository",
        "cr:ListRepository", "cr:ListRepositoryTag", "cr:DeleteRepositoryTag"
      ],
      "Resource": "*"
    },
    {
      "Effect": "Allow",
      "Action": [
        "cs:DescribeClustersV1", "cs:GetClusters", "cs:CreateCluster", "cs:DeleteCluster",
        "cs:UpgradeCluster", "cs:DescribeClusterUserKubeconfig", "cs:DescribeUserQuota",
        "cs:DescribeKubernetesVersionMetadata",
        "cs:DescribeClusterTasks", "cs:CheckServiceRole",
        "cs:DescribeClusterNodePools", "cs:CreateClusterNodePool", "cs:ModifyClusterNodePool",
        "cs:UpgradeClusterNodepool",
        "cs:ListAddons", "cs:GetClusterAddonInstance", "cs:InstallClusterAddons", "cs:UnInstallClusterAddons",
        "cs:ModifyClusterAddon"
      ],
      "Resource": "*"
    },
    {
      "Effect": "Allow",
      "Action": [
        "vpc:CreateVpc", "vpc:DeleteVpc", "vpc:DescribeVpcs",
        "vpc:CreateVSwitch", "vpc:DeleteVSwitch", "vpc:DescribeVSwitches",
        "vpc:TagResources", "vpc:DescribeNatGateways", "vpc:DescribeEipAddresses",
        "ecs:DescribeAvailableResource", "ecs:DescribeDisks", "slb:DescribeLoadBalancers"
      ],
      "Resource": "*"
    }
  ]
}
"""

START = """\
1. Sign up: https://account.alibabacloud.com/register/intl_register.htm
   Add a payment method and verify your identity.
2. Switch on Container Service as the account's owner: https://cs.console.alibabacloud.com
   (it asks once for the service roles; confirm all of them).
3. Buy a Container Registry Enterprise Edition instance: https://cr.console.alibabacloud.com
   Basic Edition is enough; switch its public endpoint on and let your address in.
4. Make a RAM user with an access key: https://ram.console.alibabacloud.com/users
   and give it the policy that `clouddeploy doctor --policy --to {target}` prints.
5. export ALIBABA_CLOUD_ACCESS_KEY_ID=… ALIBABA_CLOUD_ACCESS_KEY_SECRET=… ALIBABA_CLOUD_REGION_ID=eu-central-1
6. clouddeploy doctor --to {target}"""
