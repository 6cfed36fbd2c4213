"""`clouddeploy.conformance.test_changes` over this repository's rigs."""

from clouddeploy.conformance.test_changes import *  # noqa: F403
