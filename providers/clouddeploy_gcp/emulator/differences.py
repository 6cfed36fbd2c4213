"""Where Google's API descriptions and the protocol buffers of its Python libraries differ.

The discovery documents are of 2026-10; the libraries are those that constraints.txt names. What is newer
than the library cannot be read, and is refused as not emulated.
"""

from __future__ import annotations

from collections.abc import Mapping

_GKE, _AR = "google.container.v1", "google.devtools.artifactregistry.v1"

HIDDEN: Mapping[str, frozenset[str]] = {
    "google.iam.v1.Policy": frozenset({"audit_configs"}),
    "google.iam.v1.SetIamPolicyRequest": frozenset({"resource", "update_mask"}),
    "google.iam.v1.TestIamPermissionsRequest": frozenset({"resource"}),
}
"""Fields of the shared messages of IAM that the emulated APIs do not have; names as in the libraries."""

NEWER: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        f"{_GKE}.Cluster": "parentProductConfig",
        f"{_GKE}.NetworkConfig": "ambientNetworkingConfig",
        f"{_GKE}.NodeKubeletConfig": """
            containerLogMaxWorkers containerLogMonitorInterval reservedResourcesConfig reservedSystemCpus
        """,
        f"{_GKE}.GPUDriverInstallationConfig": "specificVersion",
        f"{_GKE}.EphemeralStorageLocalSsdConfig": "ephemeralCapacityGb",
        f"{_GKE}.LinuxNodeConfig": """
            additionalEtcHosts additionalEtcResolvConf additionalEtcSystemdResolvedConf kernelOverrides
            timeZone
        """,
        f"{_GKE}.NodePool": "autopilotConfig",
        f"{_GKE}.NodeNetworkConfig": "datapathProvider network",
        f"{_GKE}.AdditionalPodNetworkConfig": "networkAttachment",
        f"{_GKE}.AddonsConfig": "wizSensorConfig",
        f"{_GKE}.ClusterAutoscaling": "autoprovisioningRestrictionConfig",
        f"{_GKE}.UpdateNodePoolRequest": "nodeConfigUpdateMode",
        f"{_GKE}.ClusterUpdate": "desiredAmbientNetworkingConfig desiredParentProductConfig",
        f"{_AR}.Repository": "platformLogsConfig",
        f"{_AR}.RemoteRepositoryConfig": "noCache",
    }.items()
}
"""Fields that the libraries lack, as JSON names them."""

NEWER_VALUES: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        f"{_GKE}.DatapathProvider": "MIGRATE_TO_ADVANCED_DATAPATH MIGRATE_TO_LEGACY_DATAPATH",
        f"{_GKE}.SandboxConfig.Type": "MICROVM",
        f"{_GKE}.GPUDriverInstallationConfig.GPUDriverVersion": "SPECIFIC",
        f"{_AR}.Repository.Format": "CONDA GOOGET",
        f"{_AR}.Repository.Mode": "AOSS_REPOSITORY ASSURED_OSS_REPOSITORY",
    }.items()
}
"""Values of enums that the libraries lack."""
