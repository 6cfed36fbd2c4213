"""Before the first call of each kind: every request beside it that its model forbids, to the same account."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto_fixtures.aws import AwsAccount
from tests.providers.aws.shapes import schema
from tests.providers.aws.wire import encoded, send
from tests.providers.mutants import Mutant, mutants

_CODES: Mapping[str, set[str]] = {
    "ec2": {"InvalidParameterValue", "MissingParameter", "UnknownParameter"},
    "ecr": {"InvalidParameterException", "SerializationException"},
    "eks": {"InvalidParameterException", "SerializationException"},
    "elasticloadbalancing": {"MalformedInput", "ValidationError"},
    "iam": {"MalformedInput", "ValidationError"},
    "servicequotas": {"SerializationException", "ValidationException"},
    "sts": {"MalformedInput", "ValidationError"},
}
"""With which each service refuses a request for what it is, before it looks at what the account has."""


@dataclass
class Siege:
    """What was sent of which service, and what was not refused as it should be: in `wrong`."""

    account: AwsAccount
    sent: Counter[str] = field(default_factory=Counter)
    kinds: set[tuple[str, ...]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, model: Any, params: Mapping[str, Any]) -> None:
        """Before a call of this operation with these parameters."""
        kind = (str(model.service_model.signing_name), model.name, *sorted(params))
        with self._one_at_a_time:
            if kind not in self.kinds:
                self.kinds.add(kind)
                self._send(kind[0], model, params)

    def watch(self, client: Any) -> Any:
        """The same boto3 client, before whose calls this happens."""

        def ask(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            self(model, params)

        client.meta.events.register("before-parameter-build", ask)
        return client

    def table(self) -> str:
        """A line a service."""
        lines = [f"{'service':<22}{'operations':>10}{'kinds':>7}{'sent':>7}{'refused':>9}"]
        for service in sorted(_CODES):
            kinds = [kind for kind in self.kinds if kind[0] == service]
            operations, sent = len({kind[1] for kind in kinds}), self.sent[service]
            wrong = sum(one.startswith(f"{service}:") for one in self.wrong)
            lines.append(f"{service:<22}{operations:>10}{len(kinds):>7}{sent:>7}{sent - wrong:>9}")
        return "\n".join(lines)

    def _send(self, service: str, model: Any, params: Mapping[str, Any]) -> None:
        for mutant in _forbidden(model, params):
            self.sent[service] += 1
            answer = send(self.account, service, encoded(model, mutant.value))
            if not 400 <= answer.status < 500 or answer.code not in _CODES[service]:
                said = f"{service}:{model.name} {mutant.where}: {mutant.wrong}"
                self.wrong.append(f"{said} -> {answer.status} {answer.code} {answer.text}")


def _forbidden(model: Any, params: Mapping[str, Any]) -> Iterator[Mutant]:
    """What can be sent of what the model forbids; a request is always a structure."""
    if model.input_shape is None:
        return
    described = schema(model.input_shape, model.service_model.metadata["protocol"])
    del described["type"]
    members = model.input_shape.members.items()
    in_path = [name for name, one in members if one.serialization.get("location") == "uri"]
    for mutant in mutants(described, dict(params)):
        if all(mutant.value.get(name) for name in in_path):  # without one it is another operation's path
            yield mutant
