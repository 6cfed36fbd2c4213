"""Who still names an image: by digest wherever it came from, by tag only in its own repository."""

from __future__ import annotations

import pytest

from clouddeploy.contract import StoredImage
from clouddeploy.kube.use import Use
from clouddeploy.release.uses import Uses

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
IMAGE = StoredImage(DIGEST, ("v1", "latest"))


@pytest.mark.parametrize(
    ("named", "used"),
    [
        (f"r.example/shop/web@{DIGEST}", True),
        (f"r.example/shop/web:v9@{DIGEST}", True),
        (f"mirror.example/other@{DIGEST}", True),
        (f"r.example/shop/web:v1@{OTHER}", False),
        ("r.example/shop/web:v1", True),
        ("r.example/shop/web", True),
        ("r.example/shop/web:v2", False),
        ("r.example/shop/api:v1", False),
        ("mirror.example/shop/web:v1", False),
        ("no/Image", False),
    ],
)
def test_names(named: str, used: bool) -> None:
    uses = Uses({"aws": [Use(named, "shop", "Pod", "web-1")]})
    assert bool(uses.of("r.example/shop/web", IMAGE)) is used
