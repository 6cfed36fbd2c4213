"""`clouddeploy.conformance.test_provisioner` over this repository's rigs."""

from clouddeploy.conformance.test_provisioner import *  # noqa: F403
