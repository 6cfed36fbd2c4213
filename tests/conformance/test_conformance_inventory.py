"""`clouddeploy.conformance.test_inventory` over this repository's rigs."""

from clouddeploy.conformance.test_inventory import *  # noqa: F403
