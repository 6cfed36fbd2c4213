from __future__ import annotations

from tests.home import docker, home, program

__all__ = ["docker", "home", "program"]
