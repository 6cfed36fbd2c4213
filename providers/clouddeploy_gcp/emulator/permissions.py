"""Which IAM permissions there are, for the kinds of resources that are emulated.

Source: Google's predefined roles of 2026-08, as iann0036/iam-dataset keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from clouddeploy_gcp.emulator.answers import ApiError

KINDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(verbs.split())
    for kind, verbs in {
        "artifactregistry.dockerimages": "get list",
        "artifactregistry.repositories": """
            create createOnPush createTagBinding delete deleteArtifacts deleteTagBinding
            downloadArtifacts exportArtifacts get getIamPolicy list listEffectiveTags
            listTagBindings readViaVirtualRepository setIamPolicy update uploadArtifacts
        """,
        "artifactregistry.versions": "delete get list update",
        "compute.addresses": """
            create createInternal createTagBinding delete deleteInternal deleteTagBinding get list
            listEffectiveTags listTagBindings setLabels use useInternal
        """,
        "compute.disks": """
            addResourcePolicies create createSnapshot createTagBinding delete deleteTagBinding get
            getIamPolicy list listEffectiveTags listTagBindings removeResourcePolicies resize
            setIamPolicy setLabels startAsyncReplication stopAsyncReplication
            stopGroupAsyncReplication update updateKmsKey use useReadOnly
        """,
        "compute.firewalls": """
            create createTagBinding delete deleteTagBinding get list listEffectiveTags
            listTagBindings update
        """,
        "compute.forwardingRules": """
            create createTagBinding delete deleteTagBinding get list listEffectiveTags
            listTagBindings pscCreate pscDelete pscSetLabels pscUpdate setLabels setTarget update
            use
        """,
        "compute.instanceGroupManagers": """
            create createTagBinding delete deleteTagBinding get list listEffectiveTags
            listTagBindings update use
        """,
        "compute.instances": """
            addAccessConfig addNetworkInterface addResourcePolicies attachDisk create
            createTagBinding delete deleteAccessConfig deleteNetworkInterface deleteTagBinding
            detachDisk get getEffectiveFirewalls getGuestAttributes getIamPolicy getScreenshot
            getSerialPortOutput getShieldedInstanceIdentity getShieldedVmIdentity
            getVmExtensionState list listEffectiveTags listReferrers listTagBindings
            listVmExtensionStates osAdminLogin osLogin pscInterfaceCreate removeResourcePolicies
            reset resume sendDiagnosticInterrupt setDeletionProtection setDiskAutoDelete
            setIamPolicy setLabels setMachineResources setMachineType setMetadata
            setMinCpuPlatform setName setScheduling setSecurityPolicy setServiceAccount
            setShieldedInstanceIntegrityPolicy setShieldedVmIntegrityPolicy setTags
            simulateMaintenanceEvent start startWithEncryptionKey stop suspend update
            updateAccessConfig updateDisplayDevice updateNetworkInterface updateSecurity
            updateShieldedInstanceConfig updateShieldedVmConfig use useReadOnly
        """,
        "compute.machineTypes": "get list",
        "compute.projects": """
            get setCloudArmorTier setCommonInstanceMetadata setDefaultNetworkTier
            setDefaultServiceAccount setManagedProtectionTier setUsageExportBucket
        """,
        "compute.regions": "get list",
        "compute.targetPools": """
            addHealthCheck addInstance create createTagBinding delete deleteTagBinding get list
            listEffectiveTags listTagBindings removeHealthCheck removeInstance setSecurityPolicy
            update use
        """,
        "compute.urlMaps": """
            create createTagBinding delete deleteTagBinding get invalidateCache list
            listEffectiveTags listTagBindings update use validate
        """,
        "compute.zones": "get list",
        "container.clusters": """
            connect create createTagBinding delete deleteTagBinding get getCredentials impersonate
            list listEffectiveTags listTagBindings update
        """,
        "container.operations": "get list",
        "serviceusage.services": "disable enable get list use",
    }.items()
}

_FORM = re.compile(r"[a-z][a-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*){2,}")


def known(permission: str) -> bool:
    """Whether it can be had here; INVALID_ARGUMENT for what is none (googleapis/google-cloud-java#722).

    One for another kind of resource is taken for good, and nobody has it. The text is UNVERIFIED.
    """
    kind, _, verb = permission.rpartition(".")
    verbs = KINDS.get(kind)
    if not _FORM.fullmatch(permission) or (verbs is not None and verb not in verbs):
        raise ApiError("INVALID_ARGUMENT", f"Permission {permission} is not valid.")
    return verbs is not None
