"""A service's health check as Kubernetes probes.

Starting, ready and stuck are three questions with one check behind them:

- startup: asked every 2 s, so that a rollout goes on as soon as the container is up. It may
  fail for `start_period` and then for `interval` x `retries`, as in Docker's HEALTHCHECK.
- readiness: `interval`, `timeout` and `retries` as written; a replica that fails gets no traffic.
- liveness: twice as patient, so that a busy replica loses its traffic before it is restarted.

A port without a check gets a readiness probe that connects to it, and no liveness probe.
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

import math
from typing import Any

from clouddeploy.app.model import Health, Service

PORT_NAME = "http"
STARTUP_PERIOD = 2
_CONNECT = {"tcpSocket": {"port": PORT_NAME}}

Probes = dict[str, dict[str, Any]]


def probes(service: Service) -> Probes:
    """The container's probes by their Kubernetes names; empty without a check and a port."""
    check = _check(service.health) if service.health else None
    if service.health and check:
        return _probes(service.health, check)
    if service.port is not None:
        return {"readinessProbe": _CONNECT | _timing(STARTUP_PERIOD * 5, 3, 3)}
    return {}


def _check(health: Health) -> dict[str, Any] | None:
    if health.path is not None:
        return {"httpGet": {"path": health.path, "port": PORT_NAME}}
    if health.command:
        return {"exec": {"command": list(health.command)}}
    return None


def _probes(health: Health, check: dict[str, Any]) -> Probes:
    patience = health.start_period + health.interval * health.retries
    return {
        "startupProbe": check | _timing(STARTUP_PERIOD, health.timeout, patience / STARTUP_PERIOD),
        "readinessProbe": check | _timing(health.interval, health.timeout, health.retries),
        "livenessProbe": check | _timing(health.interval, health.timeout, health.retries * 2),
    }


def _timing(period: float, timeout: float, failures: float) -> dict[str, int]:
    """Whole seconds and counts, at least 1: Kubernetes takes nothing else."""
    return {
        "periodSeconds": max(1, math.ceil(period)),
        "timeoutSeconds": max(1, math.ceil(timeout)),
        "failureThreshold": max(1, math.ceil(failures)),
    }
