"""The patch formats besides server-side apply: JSON patch, merge patch, strategic merge patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clouddeploy.emulator.kubernetes.schema import ANY, Type
from clouddeploy.emulator.kubernetes.status import ApiError, bad_request


def merge_patch(value: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return patch
    base = value if isinstance(value, Mapping) else {}
    kept = {k: v for k, v in base.items() if patch.get(k, v) is not None}
    return kept | {k: merge_patch(base.get(k), v) for k, v in patch.items() if v is not None}


def strategic_merge_patch(value: Any, patch: Any, type_: Type) -> Any:
    """Kubernetes' own: like a merge patch, but lists with a merge key merge item by item.

    https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
    """
    if isinstance(patch, Mapping):
        return _merge_objects(value if isinstance(value, Mapping) else {}, patch, type_)
    if type_.shape == "set" and isinstance(value, list) and isinstance(patch, list):
        return [*value, *(item for item in patch if item not in value)]
    if type_.shape == "assoc" and isinstance(patch, list):
        return _merge_items(value or [], patch, type_)
    return patch


def _merge_objects(value: Mapping[str, Any], patch: Mapping[str, Any], type_: Type) -> Any:
    if patch.get("$patch") == "replace":
        return {k: v for k, v in patch.items() if k != "$patch"}
    if "$retainKeys" in patch:
        value = {k: v for k, v in value.items() if k in patch["$retainKeys"]}
    result = dict(value)
    for key, part in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [item for item in result.get(name, []) if item not in part]
        elif key.startswith("$"):
            continue
        elif part is None:
            result.pop(key, None)
        else:
            result[key] = strategic_merge_patch(result.get(key), part, type_.child(key))
    return result


def _merge_items(value: list[Any], patch: list[Any], type_: Type) -> list[Any]:
    key, item_type = type_.keys[0], type_.item or ANY
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    result = list(value)
    for item in patch:
        place = next((n for n, old in enumerate(result) if old.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item.get(key)]
        elif place is None:
            result.append(strategic_merge_patch({}, item, item_type))
        else:
            result[place] = strategic_merge_patch(result[place], item, item_type)
    return result


def json_patch(value: Any, operations: Any) -> Any:
    """RFC 6902. Raises ApiError 422 for a path that is not there."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: json: cannot unmarshal object into Go value of type []map")
    for operation in operations:
        value = _operate(value, operation)
    return value


def _operate(value: Any, operation: Mapping[str, Any]) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add" | "replace":
            return _set(value, path, operation["value"], insert=operation["op"] == "add")
        case "remove":
            return _remove(value, path)
        case "test":
            if _get(value, path) != operation.get("value"):
                raise _unprocessable(f"testing value {operation['path']} failed: test failed")
            return value
        case "copy":
            return _set(value, path, _get(value, _pointer(operation["from"])), insert=True)
        case "move":
            start = _pointer(operation["from"])
            return _set(_remove(value, start), path, _get(value, start), insert=True)
        case other:
            raise _unprocessable(f"Unexpected kind: {other}")


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _get(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value[_place(value, name)]
    return value


def _place(value: Any, name: str) -> Any:
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return int(name)
    if isinstance(value, Mapping) and name in value:
        return name
    raise _unprocessable(f"the path {name!r} does not exist: missing value")


def _set(value: Any, path: list[str], new: Any, *, insert: bool) -> Any:
    if not path:
        return new
    name, *rest = path
    if rest:
        place = _place(value, name)
        return _replaced(value, place, _set(value[place], rest, new, insert=insert))
    if isinstance(value, list):
        place = len(value) if name == "-" else int(name)
        return [*value[:place], new, *value[place if insert else place + 1 :]]
    if not insert:
        _place(value, name)
    return {**value, name: new}


def _remove(value: Any, path: list[str]) -> Any:
    name, *rest = path
    place = _place(value, name)
    if rest:
        return _replaced(value, place, _remove(value[place], rest))
    if isinstance(value, list):
        return [*value[:place], *value[place + 1 :]]
    return {k: v for k, v in value.items() if k != place}


def _replaced(value: Any, place: Any, part: Any) -> Any:
    if isinstance(value, list):
        return [*value[:place], part, *value[place + 1 :]]
    return {**value, place: part}


def _unprocessable(message: str) -> ApiError:
    return ApiError(
        422, "Invalid", f"the server rejected our request due to an error in our request: {message}", {}
    )
