"""Alibaba Cloud's regions, to tell a slip of the pen from a network that is down.

Source: "Regions and zones" of the ECS documentation, 2026-11. A new region of a known place is taken
unseen: `eu-central-2` would be one.
"""

from __future__ import annotations

import difflib

from clouddeploy.errors import ConfigError

_REGIONS = """
cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-hangzhou cn-shanghai cn-nanjing cn-fuzhou
cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-wuhan-lr cn-zhengzhou-jva cn-hongkong
ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6 ap-southeast-7
us-east-1 us-west-1 na-south-1 eu-west-1 eu-central-1 me-east-1 me-central-1
"""

REGIONS = tuple(_REGIONS.split())
_PLACES = {region.rstrip("0123456789") for region in REGIONS}


def checked(region: str) -> str:
    """The region; ConfigError that names the nearest for what is none."""
    if region.rstrip("0123456789") in _PLACES:
        return region
    near = difflib.get_close_matches(region, REGIONS, n=1, cutoff=0)[0]
    raise ConfigError(
        f"Alibaba Cloud has no region {region}; the nearest name is {near}",
        fix=f"write region: {near} in the target",
    )
