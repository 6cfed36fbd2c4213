"""Every mistake in clouddeploy.yaml is shown at its place, with what to write instead.

In the tables § marks the place that the error must name.
"""

# ruff: noqa: E501  # a table reads best with one mistake to a line

from __future__ import annotations

from collections.abc import Callable

import pytest

from clouddeploy.app.model import App
from clouddeploy.errors import ConfigError

Load = Callable[..., App]


def refused(load: Load, text: str, files: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(text, files)
    assert caught.value.exit_code == 2
    assert caught.value.message.endswith("\nnothing was changed")
    return caught.value


def refused_at(load: Load, marked: str) -> ConfigError:
    """The error for a text in which § marks the place that the error must name first."""
    before, _, after = marked.partition("§")
    error = refused(load, before + after)
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    assert error.message.startswith(f"clouddeploy.yaml:{line}:{column}: ")
    return error


def shows(error: ConfigError, message: str, fix: str | None) -> None:
    assert error.message.splitlines()[0].partition(": ")[2] == message
    assert error.fix == (fix or "correct this place in clouddeploy.yaml and run the same command again")


def test_a_misspelt_key_is_shown_with_the_nearest_one(load: Load) -> None:
    error = refused(
        load, "apiVersion: clouddeploy/v1\napp: shop\nservices:\n  web:\n    image: nginx\n    prot: 8080\n"
    )
    assert error.message == (
        'clouddeploy.yaml:6:5: unknown key "prot" (did you mean "port"?)\n'
        "  4 |   web:\n"
        "  5 |     image: nginx\n"
        "  6 |     prot: 8080\n"
        "    |     ^\n"
        "nothing was changed"
    )


def test_all_mistakes_are_shown_at_once(load: Load) -> None:
    error = refused(
        load, 'apiVersion: v1\nservices:\n  Web:\n    image: nginx\n    replicas: "3"\ntargets:\n  aws: {}\n'
    )
    assert error.message == (
        'clouddeploy.yaml:1:1: "app" is missing\n'
        "  1 | apiVersion: v1\n"
        "    | ^\n"
        "  fix: name the app: app: shop\n"
        'clouddeploy.yaml:1:13: unknown version "v1"\n'
        "  1 | apiVersion: v1\n"
        "    |             ^\n"
        "  fix: write apiVersion: clouddeploy/v1\n"
        'clouddeploy.yaml:3:3: "Web" cannot be a name\n'
        "  1 | apiVersion: v1\n"
        "  2 | services:\n"
        "  3 |   Web:\n"
        "    |   ^\n"
        "  fix: use at most 63 of a-z, 0-9 and -, with a letter or digit first and last\n"
        'clouddeploy.yaml:5:15: replicas: expected a number of replicas from 0 to 1000, not "3"\n'
        "  3 |   Web:\n"
        "  4 |     image: nginx\n"
        '  5 |     replicas: "3"\n'
        "    |               ^\n"
        "  fix: write 3 without quotes\n"
        'clouddeploy.yaml:7:3: "provider" is missing\n'
        '  5 |     replicas: "3"\n'
        "  6 | targets:\n"
        "  7 |   aws: {}\n"
        "    |   ^\n"
        "  fix: add provider: aws, or another of: clouddeploy provider list\n"
        "nothing was changed"
    )
    assert error.fix == "correct these places in clouddeploy.yaml and run the same command again"


QUANTITY = "write them as 0.5, 2 or 250m (a thousandth each)"
DURATION = "write it as 10s, 1m30s or 500ms"

SERVICE = [
    ("§nginx", 'web: expected a mapping, not "nginx"', None),
    ("{image: §Nginx}", '"Nginx" is not an image', "write it as nginx:1.29 or host/name@sha256:…"),
    ("{image: §1.29}", "image: expected text, not 1.29", 'quote it: "1.29"'),
    ("{image: a, port: §0}", "port: expected a port from 1 to 65535, not 0", None),
    ('{image: a, port: §"80"}', 'port: expected a port from 1 to 65535, not "80"', "write 80 without quotes"),
    ("{image: a, port: §true}", "port: expected a port from 1 to 65535, not true", None),
    ("{image: a, §ports: [80]}", 'unknown key "ports" (did you mean "port"?)', None),
    ("{image: a, §environment: {}}", 'unknown key "environment" (did you mean "env"?)', None),
    ("{image: a, §zzz: 1}", 'unknown key "zzz"', "the keys here: build, image, image_of, command, port, health, replicas, resources, env, expose, volumes"),
    ("{image: a, §depends_on: {}}", '"depends_on" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
    ("{image: a, §release_command: x}", '"release_command" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
    ("{image: a, §volumes: {name: a}}", "volumes: expected a list, not a mapping", None),
    ("{image: a, replicas: §-1}", "replicas: expected a number of replicas from 0 to 1000, not -1", None),
    ("{image: a, replicas: §1.5}", "replicas: expected a number of replicas from 0 to 1000, not 1.5", None),
    ("{image: a, §replicas: }", '"replicas" has no value', "give it a value or remove it"),
    ("{image: a, env: {§A: }}", '"A" has no value', 'write "" for an empty one'),
    ("{image: a, env: {A: §[1]}}", "A: expected text or a number, not a list", None),
    ("{image: a, env: {§1A: x}}", '"1A" cannot name a variable', "use letters, digits and _ . -, no digit first"),
    ("{image: a, env: §[A=1]}", "env: expected a mapping, not a list", None),
    ('{image: a, env: {A: §"\\0"}}', "text cannot hold a NUL character", None),
    ("{image: a, resources: {cpu: §2x}}", 'cpu: expected CPUs, not "2x"', QUANTITY),
    ("{image: a, resources: {cpu: §0}}", "0 CPUs are out of range", QUANTITY),
    ("{image: a, resources: {memory: §256}}", "memory: expected memory with a unit, not 256", "write 256Mi or 256Gi"),
    ("{image: a, resources: {memory: §128m}}", 'memory: expected memory with a unit, not "128m"', "write 128Mi or 128Gi"),
    ("{image: a, resources: {memory: §1Mi}}", "1Mi of memory is out of range", "a container needs at least 4Mi"),
    ("{image: a, health: §true}", "health: expected a mapping or false, not true", "for example {path: /healthz}"),
    ("{image: a, §health: {}}", "health needs either path or command", "for example {path: /healthz}"),
    ("{image: a, port: 1, health: {path: §x}}", '"x" is not a path', "begin with a slash, without host or blanks: /healthz"),
    ("{image: a, health: {command: a, interval: §10}}", "a duration needs a unit, 10 has none", "write 10s or 10m"),
    ("{image: a, health: {command: a, timeout: §soon}}", 'timeout: expected a duration, not "soon"', DURATION),
    ("{image: a, health: {command: a, timeout: §0s}}", "the time cannot be zero", DURATION),
    ("{image: a, health: {command: a, timeout: §25h}}", "25h is more than a day", DURATION),
    ("{image: a, health: {path: §/x}}", "a health check by path needs a port", "add port: 8080 to web"),
    ("{image: a, expose: §true}", "expose needs a port", "add port: 8080 to web"),
    ("{image: a, expose: §yes}", 'expose: expected true or a mapping, not "yes"', "write true, or {host: shop.example.com}"),
    ("{image: a, port: 1, §expose: {tls: true}}", "tls needs a host", "a certificate is for a name: {host: shop.example.com, tls: true}"),
    ('{image: a, port: 1, expose: {host: §"https://x.y"}}', '"https://x.y" is not a host name', "write it as shop.example.com, without https://"),
    ("{image: a, command: §[]}", "command: expected a command, not a list", "write [program, argument, …] or one line of text"),
    ("{image: a, command: §\"x 'y\"}", 'the command has an open quote or escape: "x \'y"', "write it as a list"),
    ("{image: a, command: §' '}", "the command is empty", "leave it out for the image's own command"),
    ("{§build: ./none}", "there is no folder none", "make it, or correct the path"),
    ("{§build: .}", "there is no Dockerfile Dockerfile", "write one, or name it with build: {context: ., dockerfile: NAME}"),
    ("{§build: https://github.com/a/b}", "a build context that is a URL is not supported yet", "clone it, and name the folder"),
    ("{build: {context: ., platform: §windows/amd64}}", '"windows/amd64" is not a platform', "write linux/amd64 or linux/arm64"),
    ("{build: {§file: x}}", 'unknown key "file" (did you mean "dockerfile"?)', None),
    ("{image_of: §wbe}", 'no service is called "wbe"', "the services with an image: web2"),
    ("{image_of: §web}", "web has no image of its own", "the services with an image: web2"),
]  # fmt: skip


VOLUME = "for example {name: data, mount: /data, size: 1Gi}"
PATH = "write an absolute path: /data"
VOLUMES = [
    ("[§a:/data]", 'expected a mapping, not "a:/data"', VOLUME),
    ("[§{mount: /data, size: 1Gi}]", '"name" is missing', VOLUME),
    ("[§{name: a, size: 1Gi}]", '"mount" is missing', VOLUME),
    ("[§{name: a, mount: /data}]", '"size" is missing', VOLUME),
    ("[{name: §A, mount: /data, size: 1Gi}]", '"A" cannot be a name', "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last"),
    ("[{name: a, mount: §data, size: 1Gi}]", '"data" is no folder to mount at', PATH),
    ("[{name: a, mount: §/, size: 1Gi}]", '"/" is no folder to mount at', PATH),
    ("[{name: a, mount: §/a/../b, size: 1Gi}]", '"/a/../b" is no folder to mount at', PATH),
    ('[{name: a, mount: §"/a:b", size: 1Gi}]', '"/a:b" is no folder to mount at', PATH),
    ("[{name: a, mount: §/proc/x, size: 1Gi}]", '"/proc/x" belongs to the system', "mount it elsewhere: /data"),
    ("[{name: a, mount: /data, size: §10}]", "size: expected a size with a unit, not 10", "write 10Gi"),
    ("[{name: a, mount: /data, size: §big}]", 'size: expected a size with a unit, not "big"', "write it as 1Gi or 500Mi"),
    ("[{name: a, mount: /data, size: §0Gi}]", "a volume of 0Gi is out of range", "write a size from 1Gi to 64Ti"),
    ("[{name: a, mount: /data, size: §65Ti}]", "a volume of 65Ti is out of range", "write a size from 1Gi to 64Ti"),
    ("[{name: a, mount: /data, §path: /data, size: 1Gi}]", 'unknown key "path" (did you mean "mount"?)', None),
    ("[{name: a, §read_only: true, mount: /a, size: 1Gi}]", '"read_only" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
    ("[{name: a, mount: /a, size: 1Gi}, {name: §a, mount: /b, size: 1Gi}]", "web has two volumes with the name a", "give one of them another name"),
    ("[{name: a, mount: /a, size: 1Gi}, {name: b, mount: §/a/, size: 1Gi}]", "web has two volumes with the mount /a", "give one of them another mount"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "fix"), VOLUMES, ids=[case[0] for case in VOLUMES])
def test_volumes(load: Load, body: str, message: str, fix: str | None) -> None:
    marked = f"apiVersion: clouddeploy/v1\napp: shop\nservices:\n  web:\n    image: a\n    volumes: {body}\n"
    shows(refused_at(load, marked), message, fix)


class TestOneReplica:
    """A volume belongs to one node, and so to one pod."""

    HEAD = "apiVersion: clouddeploy/v1\napp: shop\nservices:\n  db:\n    image: a\n"
    DISK = "    volumes: [{name: data, mount: /d, size: 1Gi}, {name: log, mount: /l, size: 1Gi}]\n"
    FIX = "write replicas: 1, or take volumes from db"

    def test_more_are_refused(self, load: Load) -> None:
        error = refused_at(load, f"{self.HEAD}    replicas: §3\n{self.DISK}")
        shows(error, "3 replicas cannot share data and log: a volume belongs to one node", self.FIX)

    def test_also_for_one_target(self, load: Load) -> None:
        target = "targets:\n  aws: {provider: aws, overrides: {services: {db: {replicas: §2}}}}\n"
        error = refused_at(load, f"{self.HEAD}{self.DISK}{target}")
        shows(error, "2 replicas cannot share data and log: a volume belongs to one node", self.FIX)

    def test_what_is_wrong_for_all_targets_is_said_once(self, load: Load) -> None:
        text = f"{self.HEAD}    replicas: 3\n{self.DISK}targets: {{aws: {{provider: aws}}}}\n"
        assert refused(load, text).message.count("cannot share") == 1

    def test_none_is_a_service_that_rests(self, load: Load) -> None:
        assert load(f"{self.HEAD}    replicas: 0\n{self.DISK}").services[0].replicas == 0


def test_two_volumes_cannot_have_one_name_in_the_cluster(load: Load) -> None:
    head = "apiVersion: clouddeploy/v1\napp: shop\nservices:\n"
    one = "  a: {image: x, volumes: [{name: b-c, mount: /d, size: 1Gi}]}\n"
    other = "  a-b: {image: x, volumes: [{name: §c, mount: /d, size: 1Gi}]}\n"
    error = refused_at(load, f"{head}{one}{other}")
    shows(
        error,
        "this volume and one of a would both be called a-b-c in the cluster",
        "give one of them another name",
    )


@pytest.mark.parametrize(("body", "message", "fix"), SERVICE, ids=[case[0] for case in SERVICE])
def test_services(load: Load, body: str, message: str, fix: str | None) -> None:
    marked = f"apiVersion: clouddeploy/v1\napp: shop\nservices:\n  web: {body}\n  web2: {{image: x}}\n"
    shows(refused_at(load, marked), message, fix)


TARGET = [
    ("{provider: aws, account: §012345678901}", "the account 012345678901 is a number here, and numbers lose a leading 0", 'quote it: "012345678901"'),
    ("{provider: aws, §regoin: x}", 'unknown key "regoin" (did you mean "region"?)', None),
    ("{provider: aws, zone: §[a]}", "zone: expected text or a number, not a list", None),
    ("{provider: aws, region: §1}", "region: expected text, not 1", 'quote it: "1"'),
    ("{provider: aws, namespace: §A_b}", '"A_b" cannot be a name', "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last"),
    ("{provider: aws, registry: {§a: {b: c}}}", "a: expected text or a number, not a mapping", None),
    ("{provider: aws, §cluster: {name: a, existing: b}}", "a cluster has either name or existing", "existing is for a cluster made by others"),
    ("{provider: aws, §cluster: {existing: b, version: 1.34}}", "nodes and version of an existing cluster are not ours to set", "remove them"),
    ("{provider: aws, cluster: {version: §1.34.2}}", '"1.34.2" is not a Kubernetes version', "write major and minor: 1.34"),
    ("{provider: aws, cluster: {nodes: §3}}", "nodes: expected a mapping, not 3", None),
    ("{provider: aws, cluster: {nodes: {count: §0}}}", "count: expected a number of nodes from 1 to 1000, not 0", None),
    ("{provider: aws, cluster: {nodes: {§cpu: 2}}}", 'unknown key "cpu" (did you mean "cpus"?)', None),
    ("{provider: aws, overrides: {services: {§wbe: {}}}}", 'no service is called "wbe" (did you mean "web"?)', "the services: web"),
    ("{provider: aws, overrides: {services: {web: {expose: §true}}}}", "expose needs a port", "add port: 8080 to web"),
    ("{provider: aws, overrides: {services: {web: {§image: x}}}}", '"image" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "fix"), TARGET, ids=[case[0] for case in TARGET])
def test_targets(load: Load, body: str, message: str, fix: str | None) -> None:
    marked = (
        f"apiVersion: clouddeploy/v1\napp: shop\nservices: {{web: {{image: a}}}}\ntargets:\n  t: {body}\n"
    )
    shows(refused_at(load, marked), message, fix)


ROOT = [
    ("{apiVersion: clouddeploy/v1, app: §2048, services: {a: {image: a}}}", "app: expected a name, not 2048", 'quote it: "2048"'),
    ("{apiVersion: clouddeploy/v1, app: s, services: {§a: {}}}", "a service needs one of build, image, image_of; it has none", 'for example "build: ."'),
    ("{apiVersion: clouddeploy/v1, app: s, services: {§a: {image: a, build: .}}}", "a service needs one of build, image, image_of; not build and image together", 'for example "build: ."'),
    ("§{app: shop}", '"apiVersion" is missing', "begin the file with apiVersion: clouddeploy/v1"),
    ("{apiVersion: clouddeploy/v1, app: shop, services: §{}}", "there is no service", "add one: services: {web: {build: .}}"),
    ("{apiVersion: §clouddeploy/v2, app: shop, services: {a: {image: a}}}", 'unknown version "clouddeploy/v2"', "write apiVersion: clouddeploy/v1"),
    ("{apiVersion: clouddeploy/v1, app: §My_Shop, services: {a: {image: a}}}", '"My_Shop" cannot be a name', "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last"),
    ("{apiVersion: clouddeploy/v1, app: s, services: {a: {image: a}}, templates: §./none}", 'there is no folder "./none"', "make it, or remove templates"),
    ("{apiVersion: clouddeploy/v1, app: s, services: {a: {image: a}}, §secrets: {}}", '"secrets" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
    ("{apiVersion: clouddeploy/v1, app: s, services: {a: {image: a}}, rollout: {§stages: []}}", '"stages" is not supported yet', "remove it; docs/config.md lists the keys of this version"),
    ("{apiVersion: clouddeploy/v1, app: s, services: {a: {image: a}}, targets: {§all: {provider: x}}}", '"all" means every target', "choose another name"),
    ("{apiVersion: clouddeploy/v1, app: s, §servcies: {a: {image: a}}, services: {a: {image: a}}}", 'unknown key "servcies" (did you mean "services"?)', None),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "message", "fix"), ROOT, ids=[case[1] for case in ROOT])
def test_the_file(load: Load, marked: str, message: str, fix: str | None) -> None:
    shows(refused_at(load, marked), message, fix)


def test_a_stage_that_the_dockerfile_lacks(load: Load) -> None:
    text = "apiVersion: clouddeploy/v1\napp: s\nservices:\n  web:\n    build: {context: ., target: prd}\n"
    error = refused(load, text, {"Dockerfile": "FROM a AS dev\nFROM a AS prod\n"})
    assert error.message.splitlines()[0] == (
        'clouddeploy.yaml:5:33: Dockerfile has no stage "prd" (did you mean "prod"?)'
    )
    assert error.fix == "the stages: dev, prod"


def test_two_services_cannot_share_an_address(load: Load) -> None:
    exposed = "{image: x, port: 80, expose: {host: a.example.com}}"
    text = f"apiVersion: clouddeploy/v1\napp: s\nservices:\n  a: {exposed}\n  b: {exposed}\n"
    error = refused(load, text)
    assert error.message.splitlines()[0] == "clouddeploy.yaml:5:27: a is already exposed at a.example.com/"
    assert error.fix == "give one of them another host or path"


def test_a_mistake_in_the_dockerfile_is_shown_there(load: Load) -> None:
    text = "apiVersion: clouddeploy/v1\napp: s\nservices: {web: {build: ./web}}\n"
    error = refused(load, text, {"web/Dockerfile": "FROM a\nRUNN x\n"})
    assert (
        error.message.splitlines()[0]
        == 'web/Dockerfile:2:1: unknown instruction "RUNN" (did you mean "RUN"?)'
    )
