"""The comparison as plain data with a stable schema (docs/compare.md); amounts are exact numbers as text.

Decimal amounts are written as strings, so that no reader turns them into binary fractions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from clouddeploy.prices.advise import Advice, advise
from clouddeploy.prices.age import age
from clouddeploy.prices.bill import Line, Total
from clouddeploy.prices.clouds import CLOUDS
from clouddeploy.prices.features import features
from clouddeploy.prices.live import Live
from clouddeploy.prices.offers import Comparison, Lane, Offer
from clouddeploy.prices.packing import Pod

SCHEMA = "clouddeploy.compare/v1"


def plain(comparison: Comparison) -> dict[str, Any]:
    """Everything that the table, the report and `--explain` show."""
    demand, wishes = comparison.demand, comparison.wishes
    found = age(comparison)
    return {
        "schema": SCHEMA,
        "app": {
            "name": demand.name,
            "cpu_millicores": demand.cpu,
            "memory_mib": demand.memory,
            "pods": _counted(demand.pods),
            "load_balancers": demand.load_balancers,
            "volumes_gib": list(demand.volumes),
            "egress_gb": text(demand.egress_gb),
            "registry_gb": text(demand.registry_gb),
            "repositories": demand.repositories,
            "assumed": list(demand.assumed),
        },
        "wishes": {
            **{
                name: getattr(wishes, name)
                for name in ("region", "arch", "spot", "commit", "ha", "private", "surge", "first", "auto")
            },
            "sla": None if wishes.sla is None else text(wishes.sla),
            "version": wishes.version,
            "machines": dict(wishes.machines),
            "today": wishes.today.isoformat(),
        },
        "assumptions": {name: _value(value) for name, value in asdict(comparison.assumed).items()},
        "prices": {
            "bundled": comparison.catalog.built.isoformat(),
            "oldest": found.oldest.isoformat() if found.oldest else None,
            "used": found.used,
            "stale": found.stale,
            "undated": found.undated,
        },
        "lanes": lanes(comparison),
        "recommendations": [_advice(one) for one in advise(comparison)],
        "features": _features(comparison),
        "live": [_live(one) for one in comparison.live],
    }


def lanes(comparison: Comparison) -> list[dict[str, Any]]:
    """The offers alone."""
    return [_lane(lane) for lane in comparison.lanes]


def text(amount: Decimal) -> str:
    """A number without exponent and without trailing zeros."""
    shown = f"{amount:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _value(value: Any) -> Any:
    return text(value) if isinstance(value, Decimal) else value


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "name": lane.name,
        "offers": [_offer(offer) for offer in lane.offers],
        "unfit": [
            {"provider": one.cloud.name, "title": one.cloud.title, "reason": one.reason} for one in lane.unfit
        ],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    machine, packing = offer.machine, offer.packing
    return {
        "provider": offer.cloud.name,
        "title": offer.cloud.title,
        "region": offer.place.region,
        "region_note": offer.place.note,
        "control_plane": offer.control.title,
        "sla": None if offer.control.sla is None else text(offer.control.sla),
        "machine": {
            "name": machine.name,
            "cpus": machine.cpus,
            "memory_gib": text(machine.memory_gib),
            "arch": machine.arch,
            "cpu_class": machine.cpu_class,
        },
        "nodes": len(packing.nodes),
        "node_room": {"cpu": packing.room.cpu, "memory": packing.room.memory, "pods": packing.room.pods},
        "packing": [_counted(node) for node in packing.nodes],
        "fit": {"cpu": round(packing.cpu_fit, 4), "memory": round(packing.memory_fit, 4)},
        "total": _total(offer.total),
        "lines": [line_of(line) for line in offer.lines],
        "notes": list(offer.notes),
    }


def _counted(pods: tuple[Pod, ...]) -> list[dict[str, Any]]:
    counted = Counter(pods)
    return [
        {"service": pod.service, "cpu": pod.cpu, "memory": pod.memory, "count": count}
        for pod, count in sorted(counted.items(), reverse=True)
    ]


def _total(total: Total) -> dict[str, Any]:
    return {"usd_month": text(total.known), "unknown": total.unknown, "text": str(total)}


def line_of(line: Line) -> dict[str, Any]:
    """One line of a bill, with all that its amount is computed from."""
    charge, row = line.charge, line.charge.row
    return {
        "kind": charge.kind,
        "title": charge.title,
        "sku": row.sku,
        "quantity": text(line.quantity),
        "unit": row.unit,
        "unit_usd": None if charge.price is None else text(charge.price),
        "usd_month": None if line.monthly is None else text(line.monthly),
        "terms": {name: text(factor) for name, factor in charge.terms.items()},
        "free": text(charge.free),
        "most": None if charge.most is None else text(charge.most),
        "cap_usd": None if charge.cap is None else text(charge.cap),
        "note": charge.note,
        "source": row.source,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "confidence": row.confidence,
    }


def _advice(advice: Advice) -> dict[str, Any]:
    runner_up = advice.runner_up
    return {
        "lane": advice.lane,
        "provider": advice.best.cloud.name,
        "rules": list(advice.rules),
        "runner_up": runner_up.cloud.name if runner_up else None,
        "changes": list(advice.changes),
    }


def _live(live: Live) -> dict[str, Any]:
    return {
        "target": live.target,
        "provider": live.provider,
        "region": live.region,
        "nodes": live.nodes,
        "machines_offered": len(live.machines),
        "rooms": {name: asdict(room) for name, room in live.rooms.items()},
        "daemons": asdict(live.daemons) if live.daemons else None,
        "quotas": [asdict(quota) for quota in live.quotas],
    }


def _features(comparison: Comparison) -> dict[str, Any]:
    return {
        cloud.name: {
            name: {
                "text": one.text,
                "source": one.source,
                "as_of": one.as_of.isoformat() if one.as_of else None,
            }
            for name, one in features(cloud.name, comparison.wishes.today).items()
        }
        for cloud in CLOUDS
    }
