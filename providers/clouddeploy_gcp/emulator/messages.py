"""The messages of Google's APIs: those of its libraries, and those for which there is no library here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from clouddeploy_gcp.emulator.answers import Json, Request, invalid, not_emulated
from clouddeploy_gcp.emulator.payload import Payload

_LIST = "filter include_all_scopes:bool max_results:uint32 order_by page_token service_project_number:int64"
_DECLARED: Mapping[str, str] = {
    "places.ListLocationsRequest": "filter extra_location_types* page_size:int32 page_token",
    "services.BatchEnableServicesRequest": "service_ids*",
    "services.BatchGetServicesRequest": "names*",
    "services.EnableServiceRequest": "",
    "services.GetServiceRequest": "",
    "services.GetOperationRequest": "",
    "services.ListServicesRequest": "filter page_size:int32 page_token",
    "compute.GetRequest": "",
    "compute.ListRequest": _LIST.replace("include_all_scopes:bool ", "").rpartition(" ")[0],
    "compute.AggregatedListRequest": _LIST,
}
"""Fields beside those of the path: a name, its type unless it is a string, * for a list of them."""

_ABOUT = {"name", "parent", "project_id", "zone", "cluster_id", "node_pool_id"}


def container(kind: str) -> Any:
    """A new message of google.container.v1."""
    from google.cloud import container_v1

    return getattr(container_v1, kind).pb()()


def artifacts(kind: str) -> Any:
    """A new message of google.devtools.artifactregistry.v1."""
    from google.cloud import artifactregistry_v1

    return getattr(artifactregistry_v1, kind).pb()()


def iam(kind: str) -> Any:
    """A new message of google.iam.v1."""
    from google.iam.v1 import iam_policy_pb2

    return getattr(iam_policy_pb2, kind)()


def longrunning(kind: str) -> Any:
    """A new message of google.longrunning."""
    from google.longrunning import operations_pb2

    return getattr(operations_pb2, kind)()


def named(name: str) -> Any:
    """A new message by API and name: `container.Cluster`."""
    api, _, kind = name.partition(".")
    libraries = {"container": container, "artifacts": artifacts, "iam": iam, "longrunning": longrunning}
    return libraries[api](kind) if api in libraries else _declared(name)()


def read(message: Any, body: Mapping[str, Any], at: str = "") -> Any:
    """`message`, filled from JSON; INVALID_ARGUMENT as the cloud words it, for a payload that is at `at`."""
    from google.protobuf.json_format import ParseDict, ParseError

    payload = Payload()
    good = payload.message(message.DESCRIPTOR, body, at)
    payload.check()
    try:
        return ParseDict(good, message)
    except ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def emulated(message: Any, fields: Collection[str]) -> None:
    """UNIMPLEMENTED for a message with any field but these and those that only say what it is about."""
    for field, _ in message.ListFields():
        if field.name not in {*fields, *_ABOUT}:
            raise not_emulated(f"{message.DESCRIPTOR.name}.{field.name}")


def write(message: Any, request: Request | None = None) -> Json:
    """A message as JSON, enums as the request wants them."""
    from google.protobuf.json_format import MessageToDict

    numbers = request is not None and request.numbers
    found: Json = MessageToDict(message, use_integers_for_enums=numbers)
    return found


@cache
def _declared(name: str) -> Any:
    """The class of a message from `_DECLARED`."""
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    package, _, kind = name.partition(".")
    file = FileDescriptorProto(name=f"{name}.proto", package=package, syntax="proto3")
    message = file.message_type.add(name=kind)
    for number, one in enumerate(_DECLARED[name].split(), 1):
        title, _, type_name = one.partition(":")
        message.field.add(
            name=title.rstrip("*"),
            number=number,
            type=FieldDescriptorProto.Type.Value(f"TYPE_{(type_name or 'string').upper()}"),
            label=FieldDescriptorProto.Label.Value(f"LABEL_{'REPEATED' if '*' in one else 'OPTIONAL'}"),
        )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(name))
