"""The SDK's credentials, and what has to be put right about them.

Seen in alibabacloud_credentials 1.0.12 and darabonba-core: the environment and the home folder are
read when a module is imported, not when they are needed; `DEBUG=sdk` in the environment prints
signatures and security tokens.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

_READ_AT_IMPORT = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "environment_access_key_id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "environment_access_key_secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "environment_security_token",
    "ALIBABA_CLOUD_ECS_METADATA": "environment_ecs_metadata",
    "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "environment_ecs_metadata_disabled",
    "ALIBABA_CLOUD_CREDENTIALS_FILE": "environment_credentials_file",
    "ALIBABA_CLOUD_PROFILE": "environment_profile_name",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "environment_oidc_token_file",
    "ALIBABA_CLOUD_ROLE_ARN": "environment_role_arn",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "environment_oidc_provider_arn",
    "ALIBABA_CLOUD_ROLE_SESSION_NAME": "environment_role_session_name",
    "ALIBABA_CLOUD_CREDENTIALS_URI": "environment_credentials_uri",
    "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "environment_cli_profile_disabled",
    "ALIBABA_CLOUD_STS_REGION": "environment_sts_region",
}
_UNSET = {"environment_ecs_metadata_disabled": "false", "environment_cli_profile_disabled": "false"}


def silence() -> None:
    """Whatever DEBUG says, requests with their signatures are not written anywhere."""
    logger = logging.getLogger("darabonba-core")
    logger.handlers.clear()
    logger.propagate = False


def chain(profile: str | None) -> Any:
    """The SDK's default chain, with what the environment says at this moment."""
    from alibabacloud_credentials.client import Client
    from alibabacloud_credentials.utils import auth_constant, auth_util

    auth_constant.HOME = str(Path.home())
    for variable, name in _READ_AT_IMPORT.items():
        setattr(auth_util, name, os.environ.get(variable) or _UNSET.get(name))
    auth_util.enable_oidc_credential = bool(
        auth_util.environment_oidc_token_file
        and auth_util.environment_role_arn
        and auth_util.environment_oidc_provider_arn
    )
    if profile:
        from alibabacloud_credentials.provider import CLIProfileCredentialsProvider

        return Client(provider=CLIProfileCredentialsProvider(profile_name=profile))
    return Client()
