"""`clouddeploy.conformance.test_images` over this repository's rigs."""

from clouddeploy.conformance.test_images import *  # noqa: F403
