"""EC2's and IAM's eventual consistency: what was made a moment ago is not known everywhere yet.

Source: EC2 developer guide, "Eventual consistency in the Amazon EC2 API"; IAM user guide, "Troubleshoot IAM".
VPCs, subnets, internet gateways, route tables and roles lag; what is changed in one that is known shows at
once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from clouddeploy.emulator.clock import Clock
from clouddeploy_aws.emulator.answers import ServiceError

_KINDS = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "igw": ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
}


class Lag:
    """How many emulated seconds after a resource was made its id is `known`, and it is `listed`.

    A role's name is its id: a change of it needs it `known`, a look at it `listed`.
    """

    def __init__(self, clock: Clock, ec2: Callable[[], Any]) -> None:
        self._clock = clock
        self._ec2 = ec2
        self._lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """No lag, and nothing that is new."""
        self.known = self.listed = 0.0
        self._born: dict[str, float] = {}

    def is_known(self, resource: str) -> bool:
        """Whether a call by this id finds it."""
        return self._age(resource) >= self.known

    @contextmanager
    def around(self, form: Mapping[str, str]) -> Iterator[None]:
        """One call of EC2, whose lists hide what is new; ServiceError for an id that is not known yet."""
        if not (self.known or self.listed):
            yield
            return
        with self._lock:
            self._check(form)
            hidden = self._hide() if form.get("Action", "").startswith("Describe") else []
            before = self._ids()
            try:
                yield
            finally:
                for table, name, resource in hidden:
                    table[name] = resource
                self._born |= dict.fromkeys(self._ids() - before - self._born.keys(), self._clock.now())

    def check_role(self, form: Mapping[str, str]) -> None:
        """ServiceError for a role that is not known yet, whatever IAM is asked about it but to make it."""
        action, name = form.get("Action", ""), form.get("RoleName", "")
        lag = self.listed if action.startswith(("Get", "List")) else self.known
        if name and action != "CreateRole" and self._age(_role(name)) < lag:
            raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)

    def note_role(self, form: Mapping[str, str]) -> None:
        """What IAM has just carried out."""
        if form.get("Action") == "CreateRole":
            self._born[_role(form["RoleName"])] = self._clock.now()

    def _age(self, resource: str) -> float:
        return self._clock.now() - self._born.get(resource, float("-inf"))

    def _check(self, form: Mapping[str, str]) -> None:
        for name, value in form.items():
            if not name.startswith("Filter.") and not self.is_known(value):
                code, text = _KINDS[value.partition("-")[0]]
                raise ServiceError(code, text.format(value))

    def _hide(self) -> list[tuple[dict[str, Any], str, Any]]:
        return [
            (table, name, table.pop(name))
            for table in self._tables()
            for name in list(table)
            if self._age(name) < self.listed
        ]

    def _ids(self) -> set[str]:
        return {name for table in self._tables() for name in table}

    def _tables(self) -> list[dict[str, Any]]:
        ec2 = self._ec2()
        return [ec2.vpcs, ec2.internet_gateways, ec2.route_tables, *ec2.subnets.values()]


def _role(name: str) -> str:
    """Among the ids of EC2, which have no space."""
    return f"role {name}"
