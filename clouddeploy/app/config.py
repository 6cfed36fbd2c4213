"""The keys of clouddeploy.yaml, as pydantic models; docs/config.md explains each.

The models say what a file may hold and are the source of its JSON schema; `convert` makes the
app's own records of them. Loading this module loads pydantic, so it is imported late.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from clouddeploy.app import fields as f
from clouddeploy.app import volumes as v
from clouddeploy.app.scalar import Scalar

API_VERSION = "clouddeploy/v1"


class Model(BaseModel):
    """A mapping with known keys.

    `planned` are keys of the file format that this version does not know yet; `meant` maps what
    other tools call a key to ours; `short` is the key that a bare string stands for; `example` is
    a fix for what is no mapping.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    planned: ClassVar[frozenset[str]] = frozenset()
    meant: ClassVar[dict[str, str]] = {}
    short: ClassVar[str | None] = None
    example: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def _from_short(cls, data: Any) -> Any:
        if cls.short and isinstance(data, Scalar | str):
            return {cls.short: data}
        if not isinstance(data, dict):
            wanted = "text or a mapping" if cls.short else "a mapping"
            raise f.FieldError(f"expected {wanted}, not {f.kind(data)}", cls.example)
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [{"type": "string", "minLength": 1}, schema]} if cls.short else schema


class Build(Model):
    """How to build an image; a string is the context."""

    short = "context"
    meant: ClassVar[dict[str, str]] = {"file": "dockerfile", "build_args": "args", "path": "context"}
    planned = frozenset({"cache_from", "cache_to", "secrets", "ssh", "platforms"})
    context: f.Text = "."
    dockerfile: f.Text = "Dockerfile"
    target: f.Text | None = None
    args: dict[f.EnvName, f.Spelled] = Field(default_factory=dict)
    platform: f.Platform = "linux/amd64"


class Health(Model):
    """How to tell that a replica works: an HTTP path on the port, or a command in the container."""

    meant: ClassVar[dict[str, str]] = {"test": "command", "http": "path"}
    path: f.UrlPath | None = None
    command: f.Command | None = None
    interval: f.PositiveDuration = 10
    timeout: f.PositiveDuration = 3
    retries: f.Retries = 3
    start_period: f.Duration = 0

    @model_validator(mode="after")
    def _one_check(self) -> Self:
        if (self.path is None) == (self.command is None):
            raise f.FieldError("health needs either path or command", "for example {path: /healthz}")
        return self


class Resources(Model):
    """What one replica asks for."""

    cpu: f.Cpu | None = None
    memory: f.Memory | None = None


class Volume(Model):
    """A disk that outlives the service's containers."""

    example = v.EXAMPLE
    meant: ClassVar[dict[str, str]] = {
        "source": "name",
        "path": "mount",
        "target": "mount",
        "mountPath": "mount",
        "storage": "size",
    }
    planned = frozenset({"storage_class", "read_only"})
    name: f.Name
    mount: v.Mount
    size: v.Size


class Expose(Model):
    """Reachable from outside the cluster."""

    meant: ClassVar[dict[str, str]] = {"domain": "host", "hostname": "host", "https": "tls"}
    host: f.Host | None = None
    path: f.UrlPath = "/"
    tls: f.Flag = False

    @model_validator(mode="after")
    def _host_for_tls(self) -> Self:
        if self.tls and self.host is None:
            raise f.FieldError(
                "tls needs a host", "a certificate is for a name: {host: shop.example.com, tls: true}"
            )
        return self


def _expose(value: Any) -> Any:
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return {} if value.value else None
    if not isinstance(value, dict):
        raise f.FieldError(
            f"expected true or a mapping, not {f.kind(value)}", "write true, or {host: shop.example.com}"
        )
    return value


def _health(value: Any) -> Any:
    if isinstance(value, Scalar) and value.value is False:
        return None
    if not isinstance(value, dict):
        raise f.FieldError(
            f"expected a mapping or false, not {f.kind(value)}", "for example {path: /healthz}"
        )
    return value


def _or_flag(*flags: bool) -> Any:
    """Adds `true` or `false` to what the JSON schema accepts."""
    return lambda schema: schema.update(anyOf=[*_alternatives(schema), {"enum": list(flags)}])


def _alternatives(schema: dict[str, Any]) -> list[Any]:
    found = schema.pop("anyOf", None) or [{key: schema.pop(key) for key in list(schema) if key == "$ref"}]
    return [each for each in found if each != {"type": "null"}]


ExposeField = Annotated[
    Expose | None, BeforeValidator(_expose), Field(json_schema_extra=_or_flag(True, False))
]
HealthField = Annotated[Health | None, BeforeValidator(_health), Field(json_schema_extra=_or_flag(False))]


class Variant(Model):
    """What a target may say differently about a service."""

    planned = frozenset({"build", "image", "command", "health", "volumes"})
    port: f.Port | None = None
    replicas: f.Replicas | None = None
    resources: Resources = Resources()
    env: dict[f.EnvName, f.Spelled] = Field(default_factory=dict)
    expose: ExposeField = None


class Service(Model):
    """One container image and how it runs."""

    meant: ClassVar[dict[str, str]] = {
        "environment": "env",
        "ports": "port",
        "healthcheck": "health",
        "scale": "replicas",
        "entrypoint": "command",
        "dockerfile": "build",
    }
    planned = frozenset(
        {
            "depends_on",
            "secrets",
            "release_command",
            "env_file",
            "configs",
            "user",
            "jobs",
            "autoscale",
        }
    )
    build: Build | None = None
    image: f.Image | None = None
    image_of: f.Name | None = None
    command: f.Command = ()
    port: f.Port | None = None
    health: HealthField = None
    replicas: f.Replicas = 1
    resources: Resources = Resources()
    env: dict[f.EnvName, f.Spelled] = Field(default_factory=dict)
    expose: ExposeField = None
    volumes: tuple[Volume, ...] = ()

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        given = [key for key in ("build", "image", "image_of") if getattr(self, key) is not None]
        if len(given) != 1:
            found = f"not {' and '.join(given)} together" if given else "it has none"
            raise f.FieldError(
                f"a service needs one of build, image, image_of; {found}", 'for example "build: ."'
            )
        return self


class Rollout(Model):
    """How a deploy goes on."""

    planned = frozenset({"on_failure", "stages", "strategy"})
    timeout: f.PositiveDuration = 600


class NodePool(Model):
    """The worker nodes of a cluster: their number, and their size in words or as a machine type."""

    meant: ClassVar[dict[str, str]] = {"cpu": "cpus", "size": "machine", "type": "machine"}
    planned = frozenset({"min", "max", "spot"})
    count: f.Nodes | None = None
    cpus: f.Cpus | None = None
    memory: f.Memory | None = None
    machine: f.Text | None = None


class Cluster(Model):
    """The Kubernetes cluster: ours by `name`, or somebody else's by `existing`; a string is the name."""

    short = "name"
    planned = frozenset({"ha", "node_pools", "private"})
    name: f.Name | None = None
    existing: f.Text | None = None
    nodes: NodePool = NodePool()
    version: f.Version | None = None

    @model_validator(mode="after")
    def _ours_or_not(self) -> Self:
        if self.existing is None:
            return self
        if self.name is not None:
            raise f.FieldError(
                "a cluster has either name or existing", "existing is for a cluster made by others"
            )
        if self.nodes != NodePool() or self.version is not None:
            raise f.FieldError("nodes and version of an existing cluster are not ours to set", "remove them")
        return self


class Overrides(Model):
    """A target's own variants of the services."""

    services: dict[f.Name, Variant] = Field(default_factory=dict)


class Target(Model):
    """A place to deploy to. Keys that are not ours are the provider's own, such as `context`."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, f.Spelled] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type them
    provider: f.Name
    account: f.Account | None = None
    region: f.Text | None = None
    namespace: f.Name | None = None
    cluster: Cluster = Cluster()
    registry: dict[str, f.Spelled] = Field(default_factory=dict)
    overrides: Overrides = Overrides()


class Defaults(Model):
    """What holds for every target that does not say otherwise."""

    planned = frozenset({"namespace", "region", "registry"})
    cluster: Cluster = Cluster()


class Root(Model):
    """The whole file."""

    meant: ClassVar[dict[str, str]] = {"version": "apiVersion", "name": "app"}
    planned = frozenset({"secrets", "environments", "include", "hooks"})
    apiVersion: Annotated[str, Field(json_schema_extra={"const": API_VERSION})]  # noqa: N815  # Kubernetes' spelling
    app: f.Name
    services: dict[f.Name, Service]
    templates: f.Text | None = None
    rollout: Rollout = Rollout()
    defaults: Defaults = Defaults()
    targets: dict[f.Name, Target] = Field(default_factory=dict)
