"""The JSON schema agrees with what clouddeploy itself accepts; `config show` gives it back."""

# ruff: noqa: E501  # YAML in one line

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from clouddeploy.app.load import load_app
from clouddeploy.app.model import App
from clouddeploy.app.schema import config_schema
from clouddeploy.app.show import duration, show_app
from clouddeploy.errors import ConfigError
from tests.app.json_schema import violations

Load = Callable[..., App]
ROOT = Path(__file__).parents[2]
HEAD = "apiVersion: clouddeploy/v1\napp: shop\n"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return config_schema()


@pytest.mark.parametrize("example", ["echo", "static"])
def test_the_examples_are_valid(schema: dict[str, Any], example: str) -> None:
    path = ROOT / "examples" / example / "clouddeploy.yaml"
    assert violations(schema, yaml.safe_load(path.read_text())) == []
    assert load_app(path.parent).name == example


def test_the_example_in_the_reference_is_valid(schema: dict[str, Any], load: Load) -> None:
    (text, *_) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/config.md").read_text(), re.DOTALL)
    assert violations(schema, yaml.safe_load(text)) == []
    app = load(text, {"web/Dockerfile": "FROM a", "api/Dockerfile": "FROM a AS prod", "deploy/x.j2": ""})
    assert set(app.targets) == {"aws", "lab"}


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        ("services: {web: {build: .}}", True),
        ("services: {web: {build: {context: .}}}", True),
        ("services: {web: {image: a, expose: true, health: false}}", True),
        ("services: {web: {image: a, command: x, env: {A: 1, B: true, C: d}}}", True),
        ("services: {web: {image: a, resources: {cpu: 0.5, memory: 1Gi}}}", True),
        ("services: {a: {image: a}}\ntargets: {t: {provider: x, anything: 1, cluster: c}}", True),
        ("services: {a: {image: a}}\nrollout: {timeout: 1m30s}", True),
        ("services: {a: {image: a, volumes: [{name: d, mount: /d, size: 1.5Gi}]}}", True),
        ("services: {a: {image: a, volumes: []}}", True),
        ("services: {a: {image: a, volumes: [{name: d, mount: /d}]}}", False),
        ("services: {a: {image: a, volumes: [{name: d, mount: d, size: 1Gi}]}}", False),
        ("services: {a: {image: a, volumes: [{name: d, mount: /d, size: 10}]}}", False),
        ("services: {a: {image: a, volumes: ['d:/d']}}", False),
        ("services: {a: {image: a, volumes: {name: d, mount: /d, size: 1Gi}}}", False),
        (
            "services: {a: {image: a}}\ntargets: {t: {provider: x, account: 123456789012, cluster: {version: 1.34}}}",
            True,
        ),
        ("services: {a: {image: a}}\ntargets: {t: {provider: x, namespace: 12}}", False),
        ("services: {web: {image: a, prot: 1}}", False),
        ("services: {Web: {image: a}}", False),
        ("services: {web: {image: a, replicas: '3'}}", False),
        ("services: {web: {image: a, expose: perhaps}}", False),
        ("services: {web: {image: a, health: true}}", False),
        ("services: {web: {image: a, env: {A: [1]}}}", False),
        ("services: {web: {image: a, resources: {memory: 256}}}", False),
        ("services: {a: {image: a}}\nrollout: {timeout: 10}", False),
        ("services: {a: {image: a}}\ntargets: {t: {region: x}}", False),
        ("x: 1", False),
    ],
)
def test_schema_and_program_agree(
    schema: dict[str, Any], load: Load, folder: Path, body: str, valid: bool
) -> None:
    (folder / "Dockerfile").write_text("FROM a\nEXPOSE 80\n")
    text = f"{HEAD}{body.replace('expose: true', 'port: 80, expose: true')}\n"
    assert (violations(schema, yaml.safe_load(text)) == []) == valid
    if valid:
        load(text)
    else:
        with pytest.raises(ConfigError):
            load(text)


def test_it_names_its_dialect_and_is_plain_json(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


def test_show_gives_what_is_in_force(load: Load, folder: Path) -> None:
    text = f"""{HEAD}services:
  web:
    build: {{context: ., args: {{A: 1}}}}
    command: run
    resources: {{cpu: 1, memory: 1Gi}}
    env: {{A: b}}
    expose: {{host: a.b}}
    volumes: [{{name: data, mount: /data/, size: 1500Mi}}]
targets:
  aws: {{provider: aws, region: r, cluster: {{nodes: {{count: 2, memory: 4Gi}}}}, overrides: {{services: {{web: {{expose: true}}}}}}}}
  lab: {{provider: kubernetes, context: c, cluster: {{existing: e}}, registry: {{host: h}}}}
"""
    shown = show_app(
        load(text, {"Dockerfile": 'FROM a\nEXPOSE 80\nHEALTHCHECK --timeout=1500ms CMD ["ok"]\n'})
    )
    web = {
        "build": {
            "context": str(folder),
            "dockerfile": str(folder / "Dockerfile"),
            "args": {"A": "1"},
            "platform": "linux/amd64",
        },
        "command": ["run"],
        "port": 80,
        "health": {
            "command": ["ok"],
            "interval": "30s",
            "timeout": "1s500ms",
            "retries": 3,
            "start_period": "0s",
        },
        "replicas": 1,
        "resources": {"cpu": "1000m", "memory": "1024Mi"},
        "env": {"A": "b"},
        "expose": {"host": "a.b", "path": "/"},
        "volumes": [{"name": "data", "mount": "/data", "size": "2Gi"}],
    }
    assert shown == {
        "app": "shop",
        "source": str(folder / "clouddeploy.yaml"),
        "services": {"web": web},
        "rollout": {"timeout": "10m"},
        "targets": {
            "aws": {
                "provider": "aws",
                "region": "r",
                "namespace": "shop",
                "cluster": {"name": "shop", "nodes": {"count": 2, "memory": "4Gi"}},
                "services": {"web": {**web, "expose": True}},
            },
            "lab": {
                "provider": "kubernetes",
                "namespace": "shop",
                "cluster": {"existing": "e"},
                "registry": {"host": "h"},
                "context": "c",
                "services": {"web": web},
            },
        },
        "inferred": [
            {"key": "services.web.port", "value": "80", "source": "Dockerfile:2 EXPOSE 80"},
            {"key": "services.web.health", "value": "command ok", "source": "Dockerfile:3 HEALTHCHECK"},
        ],
    }
    assert yaml.safe_load(yaml.safe_dump(shown)) == shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "500ms"), (90, "1m30s"), (3600, "1h"), (3661.25, "1h1m1s250ms")]
)
def test_durations_are_written_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
