"""`clouddeploy.conformance.test_clusters` over this repository's rigs."""

from clouddeploy.conformance.test_clusters import *  # noqa: F403
