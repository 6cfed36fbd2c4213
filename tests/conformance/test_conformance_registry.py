"""`clouddeploy.conformance.test_registry` over this repository's rigs."""

from clouddeploy.conformance.test_registry import *  # noqa: F403
