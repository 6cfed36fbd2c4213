"""What a mean registry may try, by seed: where it sends its client, how it lies, how much it says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clouddeploy.emulator.registry.endpoints import Endpoint

Kind = Literal["location", "realm", "link", "redirect", "token redirect", "lie", "flood"]
Operation = Literal["push", "tags"]

INSIDE = (
    "http://169.254.169.254/latest/meta-data/iam/",
    "https://169.254.169.254/x",
    "http://[fd00:ec2::254]/x",
    "http://[fe80::1]/x",
    "http://[::ffff:169.254.169.254]/x",
    "http://2852039166/x",
    "http://0xa9fea9fe/x",
    "http://0251.0376.0251.0376/x",
    "http://169.254.43518/x",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://rebind.example.com/x",
    "https://rebind.example.com/x",
)
"""Link-local and metadata addresses in the spellings that a resolver understands.

Private addresses are not among them: the registry is on loopback, which is further inside.
"""

STRANGE = (
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/x",
    "ftp://127.0.0.1/x",
    "unix:///var/run/docker.sock",
    "http://{host}@127.0.0.1:{port}/x",
    "http://ci:secret@127.0.0.1:{port}/x",
    "http:\\\\127.0.0.1:{port}\\x",
    "http://127.0.0.1:99999/x",
    "http://[::1/x",
    "http:///x",
    "",
)
"""URLs of other kinds; {host} is the registry, {port} the attacker's."""

ELSEWHERE = (
    "{scheme}://127.0.0.1:{port}/x",
    "//127.0.0.1:{port}/x",
    "{scheme}://localhost:{port}/x",
    "{scheme}://127.0.0.1:{port}#@{host}/x",
)
"""The attacker's own server: an upload may go there, a credential may not."""

LIES = (
    "every blob is there",
    "blobs have another size",
    "blobs have another digest",
    "manifests have another digest",
    "manifests have other content",
    "manifests are other documents",
    "kept another blob",
    "kept another manifest",
    "a digest is a path",
    "nothing is kept",
)
FLOODS = (
    "an endless manifest",
    "an endless error",
    "an endless token",
    "an endless list of tags",
    "tags without end",
    "a huge header",
)
_REDIRECTED: tuple[Endpoint, ...] = ("head-blob", "get-manifest", "start", "close", "put-manifest", "tags")


@dataclass(frozen=True)
class Attack:
    """`where` is a URL, a lie or a flood; a redirect has `status` and answers `endpoint`."""

    seed: int
    kind: Kind
    where: str
    endpoint: Endpoint = "other"
    status: int = 0
    tls: bool = False

    @property
    def operation(self) -> Operation:
        tags = self.kind == "link" or self.endpoint == "tags" or "tags" in self.where
        return "tags" if tags else "push"

    def __str__(self) -> str:
        scheme = "https" if self.tls else "http"
        redirected = f" {self.status} from {self.endpoint}" if self.status else ""
        return f"seed {self.seed}, {scheme}, {self.kind}{redirected}: {self.where!r}"


def draw(seed: int) -> Attack:
    """The attack of a seed; each kind comes up, each URL, lie and flood often enough."""
    source = random.Random(f"hostile {seed}")
    kinds: Sequence[Kind] = (
        "location",
        "realm",
        "link",
        "redirect",
        "redirect",
        "token redirect",
        "lie",
        "flood",
    )
    kind, tls = kinds[seed % len(kinds)], source.random() < 0.5
    number = seed // len(kinds)
    match kind:
        case "lie":
            return Attack(seed, kind, LIES[number % len(LIES)], tls=tls)
        case "flood":
            return Attack(seed, kind, FLOODS[number % len(FLOODS)], tls=tls)
        case "realm":
            # Who a registry names as its token server gets the login by protocol: the rest must be refused.
            bad = (*INSIDE, *STRANGE)
            return Attack(seed, kind, bad[number % len(bad)], tls=tls)
    where = source.choice((*INSIDE, *STRANGE, *ELSEWHERE * 3))
    if kind == "redirect":
        status = source.choice((301, 302, 303, 307, 308))
        return Attack(seed, kind, where, source.choice(_REDIRECTED), status, tls)
    return Attack(seed, kind, where, status=302 if kind == "token redirect" else 0, tls=tls)
