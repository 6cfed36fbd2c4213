"""Fields that only the cloud sets: what a request has there is passed over (google.aip.dev/203)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTPUTS: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "google.container.v1.Cluster": """
            createTime currentEmulatedVersion currentMasterVersion currentNodeCount currentNodeVersion
            endpoint expireTime id instanceGroupUrls location nodeIpv4CidrSize satisfiesPzi satisfiesPzs
            selfLink servicesIpv4Cidr status statusMessage tpuIpv4CidrBlock zone
        """,
        "google.container.v1.MasterAuth": "clientCertificate clientKey clusterCaCertificate",
        "google.container.v1.NodePool": """
            conditions etag instanceGroupUrls kubeletCertInfo podIpv4CidrSize selfLink status
            statusMessage updateInfo
        """,
        "google.devtools.artifactregistry.v1.Repository": """
            createTime registryUri satisfiesPzi satisfiesPzs sizeBytes updateTime
        """,
    }.items()
}
"""Of the messages that the emulated project keeps; `readOnly` in the discovery documents."""


def without_outputs(message: Any) -> Any:
    """The message, its output fields cleared, those of the messages in it too."""
    outputs = OUTPUTS.get(message.DESCRIPTOR.full_name, frozenset())
    for field, value in message.ListFields():
        if field.json_name in outputs:
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for one in value if field.is_repeated else (value,):
                without_outputs(one)
    return message
