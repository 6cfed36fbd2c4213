"""How registries differ on the wire: one record each, read by the endpoints.

A profile holds what a registry does every day. What happens to it on a bad day is a
`clouddeploy.emulator.registry.script`, what its token server refuses is `TokenServer`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Profile:
    """Deviations from a registry that follows the specification and limits nothing.

    `smallest_chunk` is in bytes and holds for every chunk but the last; `announces_chunk` says
    whether clients are told (OCI-Chunk-Min-Length). `session_life` is how many seconds an
    upload session lives without a request. A `{session}` in `upload_path` is replaced by an id
    of at least `session_length` characters.
    """

    name: str
    patch_status: int = 202
    stale_range: bool = False
    """After the first chunk the Range header stays as it was, though later chunks are stored."""
    chunked: bool = True
    """False: one PATCH without Content-Range may bring a whole blob, several may not."""
    keeps_cut_chunks: bool = True
    """Whether the bytes of a PATCH that broke off count as received."""
    smallest_chunk: int = 0
    announces_chunk: bool = False
    session_life: float | None = None
    session_length: int = 36
    upload_path: str = "/v2/{name}/blobs/uploads/{session}"
    mounts_unreferenced: bool = True
    """False: a blob can be mounted only when a manifest of its repository refers to it."""
    mounts_anonymously: bool = False
    """A mount without `from` finds the blob in any repository that the client may read."""
    rewrites_immutable: bool = True
    """Whether an immutable tag may be written again with the digest that it has."""
    most_layers: int | None = None
    refused_configs: frozenset[str] = frozenset()
    """Media types of configs whose manifests are denied."""
    creates_repositories: bool = True
    lists_repositories: bool = False
    """Whether everybody who is let in is told all repositories; few clouds do."""


PLAIN = Profile("plain")
"""What the specification asks for, nothing else."""

DISTRIBUTION = Profile("distribution", lists_repositories=True)
"""docker's own registry: https://distribution.github.io/distribution/spec/api/#catalog"""

ECR = Profile(
    "ecr",
    patch_status=201,  # openai/tart#273, jdx/mise#11376
    stale_range=True,  # aws/containers-roadmap#2831
    keeps_cut_chunks=False,  # a part of UploadLayerPart is stored as a whole
    smallest_chunk=5 * _MIB,  # LayerPartTooSmallException, dotnet/sdk-container-builds#424
    mounts_unreferenced=False,  # aws/containers-roadmap#2860
    rewrites_immutable=False,  # aws/containers-roadmap#2380, moby/buildkit#3776
    most_layers=127,  # that there is a limit: openai/tart#890; its size is Docker's
    creates_repositories=False,  # moby/moby#24473
)

GAR = Profile(
    "gar",
    chunked=False,  # cloud.google.com/artifact-registry/docs/reference/docker-api
    keeps_cut_chunks=False,
    session_length=2000,  # podman-container-tools/skopeo#1101
    upload_path="/artifacts-uploads/namespaces/{project}/repositories/{repository}/uploads/{session}",
)

DOCR = Profile("docr")  # distribution; its plan limit and its garbage collection show at the token server

ACR = Profile(
    "acr",
    refused_configs=frozenset({"application/vnd.oci.empty.v1+json"}),  # koordinator-sh/koordinator#3194
    creates_repositories=False,
)

SPEC = Profile(
    "spec",
    smallest_chunk=1024,
    announces_chunk=True,
    session_life=300,
    mounts_anonymously=True,
)
"""All that the specification says that a registry may do, so that a client has to be ready for it."""

PROFILES = {profile.name: profile for profile in (ECR, GAR, DOCR, ACR, SPEC)}
