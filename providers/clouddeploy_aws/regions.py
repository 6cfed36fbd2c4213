"""The regions that AWS has, as far as the installed SDK knows them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from clouddeploy.errors import ConfigError

if TYPE_CHECKING:
    import boto3


def check_region(boto: boto3.Session, region: str) -> None:
    """ConfigError for a region that is none: every host in it would be unknown, which reads like no network.

    Source: `endpoints.json`, which every AWS SDK ships.
    """
    partitions = boto.get_available_partitions()
    known = {one for name in partitions for one in boto.get_available_regions("eks", partition_name=name)}
    if region in known:
        return
    near = difflib.get_close_matches(region, sorted(known), n=1, cutoff=0)[0]
    raise ConfigError(
        f"AWS has no region {region}; the nearest name is {near}",
        fix=f"write region: {near} in the target; for a region that is new: pip install --upgrade boto3",
    )
