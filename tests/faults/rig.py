"""A registry of each profile with its token server, faulty for the product, plain for the readers."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from clouddeploy.emulator.registry import Faulty, OciRegistry, Profile, TokenServer, basic
from clouddeploy.emulator.server import Server
from tests.faults.layouts import Layout
from tests.faults.reader import Registry, differences, skopeo_differences
from tests.faults.subject import Job

USERNAME = "ci"
PASSWORD = "canary-4f1c9a-correct-horse"
PACE = 50.0
"""Seconds of back-off that pass in a real one, for the product and for Retry-After pauses."""
TIMEOUT = 2.0
"""Real seconds that the product waits for a silent registry."""


class Rig:
    """One profile's servers; `faulty`, the registry, and `tokens` are what the product sees."""

    def __init__(self, directory: Path, profile: Profile) -> None:
        self.profile = profile
        self._directory = directory
        self._numbers = itertools.count()
        self._stack = ExitStack()
        users = {USERNAME: PASSWORD}
        self.authority = TokenServer(users)
        authorize = basic(users) if profile.name == "ecr" else self.authority.authorize
        self.registry = OciRegistry(directory / "registry", authorize=authorize, profile=profile)
        forget = self.registry.forget_upload
        self.faulty = Faulty(self.registry, expire=self.authority.expire, forget=forget, pace=PACE)
        self.tokens = Faulty(self.authority, pace=PACE)

    def __enter__(self) -> Self:
        auth, self._front, self._clean = (
            self._stack.enter_context(Server(app, threads=8))
            for app in (self.tokens, self.faulty, self.registry)
        )
        self.authority.realm = f"{auth.url}/token"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def repository(self, *, immutable: bool = False) -> str:
        """A new one, empty."""
        name = f"project/repo/web{next(self._numbers)}"
        self.registry.create_repository(name, immutable=immutable)
        return name

    def job(self, layout: Layout, repository: str, *, immutable: bool = False) -> Job:
        """A push of an image to a repository of this rig."""
        home = self._directory / "home" / repository.rpartition("/")[2]
        home.mkdir(parents=True, exist_ok=True)
        front = self._front.host
        job = Job(layout.path, front, repository, ("v1",), USERNAME, PASSWORD, home, PACE, TIMEOUT)
        return replace(job, immutable=immutable, archive=layout.archive)

    def reader(self, repository: str) -> Registry:
        return Registry(self._clean.host, repository, USERNAME, PASSWORD)

    def differences(self, layout: Layout, repository: str, tag: str = "v1", *, skopeo: bool = False) -> str:
        """What is wrong with the image that the registry gives; "" for nothing."""
        self.clear()
        found = differences(layout, self.reader(repository), tag)
        if skopeo and not found:
            name = f"{repository}:{tag}"
            found = skopeo_differences(layout, self._clean.host, name, f"{USERNAME}:{PASSWORD}")
        return found

    def clear(self) -> None:
        """No more faults; the books are kept."""
        self.faulty.begin(keep=True)
        self.tokens.begin(keep=True)
        self.authority.plan_limit, self.authority.read_only = None, False
