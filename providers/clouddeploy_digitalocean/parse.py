"""JSON of the API -> records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clouddeploy.contract import StoredImage
from clouddeploy_digitalocean.records import (
    Account,
    Associated,
    Balancer,
    Cluster,
    Credentials,
    Json,
    Offer,
    Plan,
    Pool,
    Registry,
    Size,
    Version,
    Volume,
    Vpc,
)


def listed(body: object, key: str) -> Sequence[Json]:
    """The objects under `key`; the API writes null for an empty list."""
    found = body.get(key) if isinstance(body, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def single(body: object, key: str) -> Json:
    """The object under `key`, empty when there is none."""
    found = body.get(key) if isinstance(body, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def account(json: Json) -> Account:
    return Account(
        uuid=_text(json, "uuid"),
        email=_text(json, "email"),
        team=_text(single(json, "team"), "uuid"),
        droplet_limit=_number(json, "droplet_limit"),
        status=_text(json, "status"),
        status_message=_text(json, "status_message").strip(),
    )


def registry(json: Json) -> Registry:
    return Registry(_text(json, "name"), _text(json, "region"), _number(json, "storage_usage_bytes"))


def image(json: Json) -> StoredImage:
    updated = _text(json, "updated_at")
    return StoredImage(
        _text(json, "digest"),
        tuple(sorted(map(str, json.get("tags") or ()))),
        _number(json, "compressed_size_bytes"),
        _time(updated),
    )


def plan(json: Json) -> Plan:
    return tier(single(json, "tier"))


def tier(json: Json) -> Plan:
    included = _number(json, "included_storage_bytes")
    return Plan(
        slug=_text(json, "slug"),
        name=_text(json, "name"),
        repositories=_number(json, "included_repositories"),
        monthly=Decimal(_number(json, "monthly_price_in_cents")) / 100,
        storage=0 if json.get("allow_storage_overage") else included,
        included=included,
        overage=Decimal(_number(json, "storage_overage_price_in_cents")) / 100,
    )


def size(json: Json) -> Size:
    regions = json.get("regions") or []
    return Size(
        slug=_text(json, "slug"),
        cpus=_number(json, "vcpus"),
        memory=_number(json, "memory"),
        monthly=_price(json, "price_monthly"),
        regions=frozenset(map(str, regions)) if json.get("available") else frozenset(),
        gpu=bool(json.get("gpu_info")),
    )


def version(json: Json) -> Version:
    return Version(_text(json, "slug"), _text(json, "kubernetes_version"))


def offer(json: Json) -> Offer:
    return Offer(
        versions=tuple(version(one) for one in listed(json, "versions")),
        sizes=tuple(_text(one, "slug") for one in listed(json, "sizes")),
        regions=tuple(_text(one, "slug") for one in listed(json, "regions")),
    )


def pool(json: Json) -> Pool:
    nodes = listed(json, "nodes")
    running = sum(_text(single(node, "status"), "state") == "running" for node in nodes)
    return Pool(
        id=_text(json, "id"),
        name=_text(json, "name"),
        size=_text(json, "size"),
        count=_number(json, "count"),
        there=len(nodes),
        running=running,
    )


def cluster(json: Json) -> Cluster:
    status = single(json, "status")
    return Cluster(
        id=_text(json, "id"),
        name=_text(json, "name"),
        region=_text(json, "region"),
        version=_text(json, "version"),
        state=_text(status, "state"),
        message=_text(status, "message"),
        endpoint=_text(json, "endpoint"),
        tags=_tags(json),
        pools=tuple(pool(one) for one in listed(json, "node_pools")),
        registries=tuple(map(str, json.get("registries") or ())),
        registry_enabled=bool(json.get("registry_enabled")),
        ha=bool(json.get("ha")),
        created=_text(json, "created_at"),
    )


def vpc(json: Json) -> Vpc:
    return Vpc(
        id=_text(json, "id"),
        name=_text(json, "name"),
        region=_text(json, "region"),
        description=_text(json, "description"),
        default=bool(json.get("default")),
    )


def credentials(json: Json) -> Credentials:
    return Credentials(
        server=_text(json, "server"),
        authority=_text(json, "certificate_authority_data"),
        token=_text(json, "token"),
        expires_at=_text(json, "expires_at"),
    )


def associated(json: Json) -> Associated:
    def pairs(key: str) -> tuple[tuple[str, str], ...]:
        return tuple((_text(one, "id"), _text(one, "name")) for one in listed(json, key))

    return Associated(pairs("load_balancers"), pairs("volumes"), pairs("volume_snapshots"))


def balancer(json: Json) -> Balancer:
    units = _number(json, "size_unit") or 1
    return Balancer(_text(json, "id"), _text(json, "name"), _text(json, "vpc_uuid"), units)


def volume(json: Json) -> Volume:
    return Volume(_text(json, "id"), _text(json, "name"), _number(json, "size_gigabytes"), _tags(json))


def _tags(json: Json) -> frozenset[str]:
    """In lower case, as all of ours: who made a tag first decides how its letters are written.

    Source: `tags` of digitalocean/openapi, "case stable".
    """
    return frozenset(str(one).lower() for one in json.get("tags") or ())


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _price(json: Json, key: str) -> Decimal:
    found: Any = json.get(key)
    return Decimal(str(found)) if isinstance(found, int | float) else Decimal(0)


def _text(json: Json, key: str) -> str:
    found: Any = json.get(key)
    return found if isinstance(found, str) else ""


def _number(json: Json, key: str) -> int:
    found: Any = json.get(key)
    return found if isinstance(found, int) else 0
