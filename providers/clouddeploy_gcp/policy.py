"""The least that credentials must be allowed, and how to begin with nothing."""

from __future__ import annotations

PUSH = (
    "artifactregistry.dockerimages.list",
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.downloadArtifacts",
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.uploadArtifacts",
)
IMAGES = ("artifactregistry.versions.delete",)
DEPLOY = (
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.setIamPolicy",
    "compute.projects.get",
    "container.clusters.get",
    "container.clusters.list",
)
"""The first three let a cluster pull: its nodes become readers of the repository."""
CREATE = (
    "artifactregistry.repositories.delete",
    "compute.addresses.list",
    "compute.disks.list",
    "compute.firewalls.list",
    "compute.forwardingRules.list",
    "compute.instanceGroupManagers.get",
    "compute.instances.list",
    "compute.machineTypes.list",
    "compute.regions.get",
    "compute.regions.list",
    "compute.targetPools.list",
    "compute.urlMaps.list",
    "compute.zones.list",
    "container.clusters.create",
    "container.clusters.delete",
    "container.clusters.update",
    "container.operations.get",
    "serviceusage.services.enable",
    "serviceusage.services.get",
)
EVERYTHING = (*PUSH, *IMAGES, *DEPLOY, *CREATE)

_LINE = "\n  - "
POLICY = f"""\
# In FILE, for: gcloud iam roles create clouddeploy --project PROJECT --file FILE
# Then, for the principal that runs clouddeploy:
#   gcloud projects add-iam-policy-binding PROJECT --member MEMBER --role projects/PROJECT/roles/clouddeploy
#   gcloud projects add-iam-policy-binding PROJECT --member MEMBER --role roles/container.developer
#   gcloud iam service-accounts add-iam-policy-binding NODES_ACCOUNT \\
#     --member MEMBER --role roles/iam.serviceAccountUser
# roles/container.developer lets it use what runs in the cluster; serviceAccountUser lets it start nodes.
title: clouddeploy
stage: GA
includedPermissions:{_LINE}{_LINE.join(sorted(EVERYTHING))}
"""

START = """\
1. Sign up and set up billing: https://console.cloud.google.com/freetrial
2. Make a project: https://console.cloud.google.com/projectcreate; its id goes to account: in the target.
3. Log in on this machine: gcloud auth application-default login
   (gcloud: https://cloud.google.com/sdk/docs/install; only this step needs it)
   In CI use workload identity federation, or a service account's key in GOOGLE_APPLICATION_CREDENTIALS.
4. For anybody but the project's owner: make the role that `clouddeploy doctor --policy --to {target}`
   prints, and grant it and the roles in its first lines to whoever runs clouddeploy.
5. clouddeploy doctor --to {target}, then clouddeploy cluster create --to {target}
Without an account: clouddeploy rehearse --to {target}"""
