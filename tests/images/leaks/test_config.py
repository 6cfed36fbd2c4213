"""Secrets in an image's config: ENV, labels, commands, and the arguments that a build left behind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddeploy.images.leaks import scan_config
from tests.images.leaks.samples import PASSWORD, TOKENS
from tests.images.leaks.scanning import DIGEST

TOKEN = TOKENS["GitHub token"]
CONFIGS = {
    "ENV DB_PASSWORD": {"config": {"Env": ["PATH=/bin", f"DB_PASSWORD={PASSWORD}"]}},
    "ENV DATABASE_URL": {"config": {"Env": [f"DATABASE_URL=mysql://app:{PASSWORD}@db.acme.io/app"]}},
    "ENV GIT": {"config": {"Env": [f"GIT={TOKEN}"]}},
    "LABEL io.acme.token": {"config": {"Labels": {"io.acme.token": PASSWORD}}},
    "CMD": {"config": {"Cmd": ["serve", f"--key={TOKEN}"]}},
    "HEALTHCHECK": {"config": {"Healthcheck": {"Test": ["CMD-SHELL", f"curl -H {TOKEN} localhost"]}}},
    "build step 2, NPM_TOKEN": {
        "history": [
            {"created_by": "COPY . ."},
            {"created_by": f"RUN |1 NPM_TOKEN={PASSWORD} /bin/sh -c npm ci"},
        ]
    },
    "build step 1, API_KEY": {"history": [{"created_by": f"/bin/sh -c #(nop)  ARG API_KEY={PASSWORD}"}]},
    "build step 1": {"history": [{"created_by": f"RUN /bin/sh -c git clone https://{TOKEN}@github.com/a/b"}]},
}


@pytest.mark.parametrize("place", CONFIGS)
def test_a_secret_is_found_and_named_by_its_place(place: str) -> None:
    (found,) = scan_config(CONFIGS[place], DIGEST)
    assert (found.path, found.layer, found.line) == (place, DIGEST, 0)
    assert TOKEN not in repr(found)
    assert PASSWORD not in repr(found)


def test_what_is_in_env_and_in_the_history_is_told_of_once() -> None:
    history = [{"created_by": f"ENV DB_PASSWORD={PASSWORD}"}]
    config = {"config": {"Env": [f"DB_PASSWORD={PASSWORD}"]}, "history": history}
    assert [found.path for found in scan_config(config, DIGEST)] == ["ENV DB_PASSWORD"]


def test_the_config_of_an_official_image_has_none() -> None:
    env = [
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "PYTHON_SHA256=c30bb24b7f1e9a19b11b55a546434f74e739bb4c271a3e3a80ff4380d49f7adb",
        "POSTGRES_PASSWORD_FILE=/run/secrets/postgres",
        "SECRET_KEY_BASE_DUMMY=1",
        "RABBITMQ_DEFAULT_PASS=guest",
    ]
    steps = ["RUN |1 VERSION=1.2 /bin/sh -c pip install x", 'CMD ["python3"]', "/bin/sh -c #(nop) EXPOSE 80"]
    assert scan_config({"config": {"Env": env}, "history": [{"created_by": s} for s in steps]}, DIGEST) == []


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Env", "Labels", "Cmd", "config", "history", "created_by"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["config", "history"]), json))
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_without_a_crash(config: dict[str, object]) -> None:
    assert isinstance(scan_config(config, DIGEST), list)
