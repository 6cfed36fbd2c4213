"""The clouds that can be compared, each in a module of its own."""

from __future__ import annotations

from clouddeploy.prices.clouds import alibaba, aws, digitalocean, gcp
from clouddeploy.prices.clouds.base import Cloud

CLOUDS: tuple[Cloud, ...] = (aws.CLOUD, gcp.CLOUD, digitalocean.CLOUD, alibaba.CLOUD)
