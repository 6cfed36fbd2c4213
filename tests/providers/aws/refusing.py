"""How a test expects an emulated service to refuse a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from moto_fixtures.aws import REGION


def client(service: str) -> Any:
    """boto3 with the emulated account's credentials, without our provider between."""
    session: Any = boto3.Session()
    return session.client(service, region_name=REGION)


def refused(call: Callable[[], object], code: str, said: str, status: int = 400) -> None:
    """Expect a refusal of this code, status and wording."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert said in response["Error"]["Message"]
