"""The rigs of this repository's providers."""

from __future__ import annotations

from clouddeploy_alibaba.emulator import rig as alibaba
from clouddeploy_aws.emulator import rig as aws
from clouddeploy_digitalocean.emulator import rig as digitalocean
from clouddeploy_gcp.emulator import rig as gcp
from clouddeploy_kubernetes import rig as kubernetes

RIGS = (alibaba.RIG, aws.RIG, digitalocean.RIG, gcp.RIG, kubernetes.RIG)
