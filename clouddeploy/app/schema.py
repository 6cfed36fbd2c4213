"""The JSON schema of clouddeploy.yaml, for editors."""

from __future__ import annotations

from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def config_schema() -> dict[str, object]:
    """The schema (draft 2020-12) of what a person writes: durations and quantities are strings with patterns.

    Descriptions are those of the models. A file that clouddeploy accepts is valid under it; rules
    over several keys, such as "one of build, image, image_of", are checked by clouddeploy alone.
    """
    from clouddeploy.app.config import Root

    schema: dict[str, Any] = _without_noise(Root.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, **schema, "title": "clouddeploy.yaml"}


def _without_noise(schema: Any) -> Any:
    """Without the titles that pydantic derives from names, the nulls of keys left out, and their defaults."""
    if isinstance(schema, list):
        return [_without_noise(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    cleaned = {key: _without_noise(value) for key, value in schema.items() if not _is_noise(key, value)}
    if "patternProperties" in cleaned:
        cleaned["additionalProperties"] = False
    options = cleaned.get("anyOf")
    if isinstance(options, list):
        kept = [each for each in options if each != {"type": "null"}]
        if len(kept) == 1:
            return {**{key: value for key, value in cleaned.items() if key != "anyOf"}, **kept[0]}
        cleaned["anyOf"] = kept
    return cleaned


def _is_noise(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or key == "default"
