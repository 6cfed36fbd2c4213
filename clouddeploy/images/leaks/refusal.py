"""The error for an image that must not leave the machine as it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clouddeploy.errors import ConfigError
from clouddeploy.images.leaks.finding import Finding
from clouddeploy.images.leaks.layer import LayerScanner

SHOWN = 20


class SecretsError(ConfigError):
    """An image has secrets in it. What was built is wrong and nothing outside is missing: exit code 2."""

    def __init__(self, image: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [f"{image} has {_counted(len(findings))} in it, and nothing was pushed"]
        lines += [f"  {found}" for found in findings[:SHOWN]]
        if len(findings) > SHOWN:
            lines.append(f"  and {len(findings) - SHOWN} more")
        super().__init__(
            "\n".join(lines),
            fix="give it to the build with RUN --mount=type=secret, or remove the file in the same layer"
            " that adds it, then build again; --allow-secrets pushes the image as it is",
        )


class LayerGate:
    """Looks at a layer's plain bytes while a push reads them, and refuses the layer at its end."""

    def __init__(self, image: str, allowed: Collection[str] = ()) -> None:
        self._image, self._allowed = image, allowed
        self._scanner = LayerScanner()

    def feed(self, plain: bytes, /) -> None:
        """The next bytes; CloudDeployError when they are no tar."""
        self._scanner.feed(plain)

    def verdict(self, digest: str) -> None:
        """SecretsError when the layer, whose digest is known by now, has secrets that are not allowed."""
        refuse_secrets(self._image, self._scanner.findings(digest), self._allowed)


def refuse_secrets(image: str, findings: Sequence[Finding], allowed: Collection[str] = ()) -> None:
    """SecretsError when there are findings whose fingerprints are not allowed; `image` is its name."""
    refused = [found for found in findings if found.fingerprint not in allowed]
    if refused:
        raise SecretsError(image, refused)


def _counted(number: int) -> str:
    return f"{number} secret" if number == 1 else f"{number} secrets"
