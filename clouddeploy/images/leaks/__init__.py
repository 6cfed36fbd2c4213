"""Secrets in images, found before an image leaves the machine.

`LayerScanner` is fed a layer's plain bytes, `scan_layer` reads a stored blob, `scan_config` reads an
image's config, `refuse_secrets` turns findings into the error that a person sees, and `LayerGate` is
a `LayerScanner` that does so at the layer's end.
"""

from clouddeploy.images.leaks.config import scan_config
from clouddeploy.images.leaks.finding import Finding
from clouddeploy.images.leaks.layer import LayerScanner, scan_layer
from clouddeploy.images.leaks.refusal import LayerGate, SecretsError, refuse_secrets

__all__ = [
    "Finding",
    "LayerGate",
    "LayerScanner",
    "SecretsError",
    "refuse_secrets",
    "scan_config",
    "scan_layer",
]
