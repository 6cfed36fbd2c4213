"""`clouddeploy.conformance.test_doctor` over this repository's rigs."""

from clouddeploy.conformance.test_doctor import *  # noqa: F403
