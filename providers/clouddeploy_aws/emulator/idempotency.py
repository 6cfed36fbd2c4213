"""Client tokens of EC2: a request that is sent twice is carried out once.

Source: EC2 developer guide, "Ensuring idempotency in Amazon EC2 API requests".
"""

from __future__ import annotations

from collections.abc import Mapping

from clouddeploy_aws.emulator.answers import Answer, ServiceError


class ClientTokens:
    """The answers to requests with a token; moto makes a route table for each of them."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[Mapping[str, str], Answer]] = {}

    def clear(self) -> None:
        self._answers.clear()

    def answer(self, form: Mapping[str, str]) -> Answer | None:
        """What the same request was answered; ServiceError for another one with its token."""
        asked, answer = self._answers.get(form.get("ClientToken", ""), (form, None))
        if asked != form:
            text = "The client token you have provided is associated with a resource that is already created."
            raise ServiceError("IdempotentParameterMismatch", text)
        return answer

    def keep(self, form: Mapping[str, str], answer: Answer) -> None:
        if form.get("ClientToken") and answer.status == 200:
            self._answers[form["ClientToken"]] = (form, answer)
