"""`clouddeploy.conformance.test_connect` over this repository's rigs."""

from clouddeploy.conformance.test_connect import *  # noqa: F403
