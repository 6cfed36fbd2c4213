"""The kinds of value in clouddeploy.yaml: what each accepts, and its part of the JSON schema.

A reader takes what `source` made of a YAML value and gives the value the model wants, or
raises `FieldError` with a sentence for the person who wrote it.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import PlainValidator, WithJsonSchema

from clouddeploy.app.problems import quoted
from clouddeploy.app.scalar import Scalar

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
"""A DNS label, RFC 1123: what Kubernetes takes as a name."""
DURATION = r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+"
CPU = r"[0-9]+m|[0-9]*\.?[0-9]+"
MEMORY = r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)"
ENV_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_HOST = re.compile(rf"(\*\.)?{LABEL}(\.{LABEL})*")
# https://github.com/distribution/reference: [host[:port]/]path[:tag][@digest]
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*(?::[\w][\w.-]{{0,127}})?(?:@[a-z0-9]+:[0-9a-f]{{32,}})?"
)
_T = TypeVar("_T")


class FieldError(ValueError):
    """A value that cannot be accepted; `fix` says what to write in its place."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.fix = fix


def kind(value: Any) -> str:
    """What a person would call a value: for "expected text, not a list"."""
    if isinstance(value, Scalar):
        return value.text
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return quoted(value)
    return "a mapping" if isinstance(value, dict) else "a list"


def text(value: Any) -> str:
    """Quoted or plain text that is not empty."""
    if isinstance(value, Scalar):
        raise FieldError(f"expected text, not {value.text}", f'quote it: "{value.text}"')
    if not isinstance(value, str) or not value.strip():
        raise FieldError(f"expected text, not {kind(value)}")
    return _clean(value)


def spelled(value: Any) -> str:
    """Any scalar, taken as it is written."""
    if isinstance(value, Scalar):
        return value.text
    if value is None:
        raise FieldError("has no value", 'write "" for an empty one')
    if not isinstance(value, str):
        raise FieldError(f"expected text or a number, not {kind(value)}")
    return _clean(value)


def _clean(value: str) -> str:
    if "\0" in value:
        raise FieldError("text cannot hold a NUL character")
    return value


def name(value: Any) -> str:
    """A name that Kubernetes takes: a DNS label."""
    if not isinstance(value, str):
        fix = f'quote it: "{value.text}"' if isinstance(value, Scalar) else None
        raise FieldError(f"expected a name, not {kind(value)}", fix)
    if not re.fullmatch(LABEL, value):
        fix = "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last"
        raise FieldError(f"{quoted(value)} cannot be a name", fix)
    return value


def flag(value: Any) -> bool:
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return value.value
    raise FieldError(f"expected true or false, not {kind(value)}")


def whole(least: int, most: int, what: str) -> Callable[[Any], int]:
    """A reader of whole numbers in a range."""

    def read(value: Any) -> int:
        number = value.value if isinstance(value, Scalar) else None
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            fix = f"write {value} without quotes" if isinstance(value, str) and value.isdecimal() else None
            raise FieldError(f"expected {what} from {least} to {most}, not {kind(value)}", fix)
        return number

    return read


def duration(value: Any) -> float:
    """A time such as 10s, 1m30s or 500ms, in seconds."""
    if isinstance(value, Scalar):
        raise FieldError(
            f"a duration needs a unit, {value.text} has none", f"write {value.text}s or {value.text}m"
        )
    if not isinstance(value, str) or len(value) > 40 or not re.fullmatch(DURATION, value):
        raise FieldError(f"expected a duration, not {kind(value)}", "write it as 10s, 1m30s or 500ms")
    seconds = sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", value))
    if not 0 <= seconds <= 86400:
        raise FieldError(f"{value} is more than a day", "write it as 10s, 1m30s or 500ms")
    return seconds


def positive_duration(value: Any) -> float:
    """A duration that is not zero."""
    seconds = duration(value)
    if not seconds:
        raise FieldError("the time cannot be zero", "write it as 10s, 1m30s or 500ms")
    return seconds


def cpu(value: Any) -> int:
    """CPUs as 0.5 or as 500m, in millicores."""
    written = value.text if isinstance(value, Scalar) else value
    if not isinstance(written, str) or len(written) > 20 or not re.fullmatch(CPU, written):
        raise FieldError(
            f"expected CPUs, not {kind(value)}", "write them as 0.5, 2 or 250m (a thousandth each)"
        )
    amount = Decimal(written[:-1]) if written.endswith("m") else Decimal(written) * 1000
    if not 1 <= amount <= 1_000_000:
        raise FieldError(
            f"{written} CPUs are out of range", "write them as 0.5, 2 or 250m (a thousandth each)"
        )
    return math.ceil(amount)


def memory(value: Any) -> int:
    """Memory as 256Mi or 1Gi, in MiB, rounded up."""
    written = value.text if isinstance(value, Scalar) else value
    if not isinstance(written, str) or len(written) > 20 or not (match := re.fullmatch(MEMORY, written)):
        digits = re.match(r"[0-9]+", written) if isinstance(written, str) else None
        fix = (
            f"write {digits.group()[:12]}Mi or {digits.group()[:12]}Gi"
            if digits
            else "write it as 256Mi or 1Gi"
        )
        raise FieldError(f"expected memory with a unit, not {kind(value)}", fix)
    mebibytes = math.ceil(Decimal(written.removesuffix(match[2])) * _BYTES[match[2]] / 2**20)
    if not 4 <= mebibytes <= 2**26:
        raise FieldError(f"{written} of memory is out of range", "a container needs at least 4Mi")
    return mebibytes


def image(value: Any) -> str:
    """An image reference: [host/]name[:tag][@digest]."""
    written = text(value)
    if len(written) > 400 or not _IMAGE.fullmatch(written):
        raise FieldError(f"{quoted(written)} is not an image", "write it as nginx:1.29 or host/name@sha256:…")
    return written


def host(value: Any) -> str:
    """A DNS name, with a leading *. at most."""
    written = text(value)
    if len(written) > 253 or not _HOST.fullmatch(written):
        raise FieldError(
            f"{quoted(written)} is not a host name", "write it as shop.example.com, without https://"
        )
    return written


def url_path(value: Any) -> str:
    """The path of a URL."""
    written = text(value)
    if not re.fullmatch(r"/[!-~]*", written):
        raise FieldError(
            f"{quoted(written)} is not a path", "begin with a slash, without host or blanks: /healthz"
        )
    return written


def env_name(value: Any) -> str:
    """The name of an environment variable, as Kubernetes takes it."""
    if not re.fullmatch(ENV_NAME, str(value)):
        raise FieldError(
            f"{quoted(value)} cannot name a variable", "use letters, digits and _ . -, no digit first"
        )
    return str(value)


def platform(value: Any) -> str:
    """An operating system and architecture: linux/arm64."""
    written = text(value)
    if not re.fullmatch(r"linux/[a-z0-9]+(/v[0-9]+)?", written):
        raise FieldError(f"{quoted(written)} is not a platform", "write linux/amd64 or linux/arm64")
    return written


def version(value: Any) -> str:
    """A Kubernetes minor version."""
    written = spelled(value)
    if not re.fullmatch(r"1\.[0-9]{1,2}", written):
        raise FieldError(f"{quoted(written)} is not a Kubernetes version", "write major and minor: 1.34")
    return written


def account(value: Any) -> str:
    """A cloud account's id."""
    if isinstance(value, Scalar) and value.text.startswith("0"):
        raise FieldError(
            f"the account {value.text} is a number here, and numbers lose a leading 0",
            f'quote it: "{value.text}"',
        )
    return text(value.text if isinstance(value, Scalar) else value)


def command(value: Any) -> tuple[str, ...]:
    """A program and its arguments: a list, or one string that is parted as a shell would."""
    if isinstance(value, list) and value:
        return tuple(spelled(each) for each in value)
    if not isinstance(value, str):
        raise FieldError(
            f"expected a command, not {kind(value)}", "write [program, argument, …] or one line of text"
        )
    try:
        words = tuple(shlex.split(_clean(value)))
    except ValueError as error:
        raise FieldError(
            f"the command has an open quote or escape: {quoted(value)}", "write it as a list"
        ) from error
    if not words:
        raise FieldError("the command is empty", "leave it out for the image's own command")
    return words


def _string(pattern: str, *more: str) -> dict[str, Any]:
    return {"type": ["string", *more] if more else "string", "pattern": f"^({pattern})$"}


_SCALAR = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, PlainValidator(text), WithJsonSchema({"type": "string", "minLength": 1})]
Spelled = Annotated[str, PlainValidator(spelled), WithJsonSchema(_SCALAR)]
Name = Annotated[str, PlainValidator(name), WithJsonSchema(_string(LABEL))]
Flag = Annotated[bool, PlainValidator(flag), WithJsonSchema({"type": "boolean"})]
EnvName = Annotated[str, PlainValidator(env_name), WithJsonSchema(_string(ENV_NAME))]
Duration = Annotated[float, PlainValidator(duration), WithJsonSchema(_string(DURATION))]
PositiveDuration = Annotated[float, PlainValidator(positive_duration), WithJsonSchema(_string(DURATION))]
Cpu = Annotated[int, PlainValidator(cpu), WithJsonSchema(_string(CPU, "number"))]
Memory = Annotated[int, PlainValidator(memory), WithJsonSchema(_string(MEMORY))]
Image = Annotated[str, PlainValidator(image), WithJsonSchema({"type": "string", "minLength": 1})]
Host = Annotated[str, PlainValidator(host), WithJsonSchema({"type": "string", "minLength": 1})]
UrlPath = Annotated[str, PlainValidator(url_path), WithJsonSchema(_string("/[!-~]*"))]
Platform = Annotated[str, PlainValidator(platform), WithJsonSchema(_string("linux/[a-z0-9]+(/v[0-9]+)?"))]
Version = Annotated[str, PlainValidator(version), WithJsonSchema(_string(r"1\.[0-9]{1,2}", "number"))]
Account = Annotated[
    str, PlainValidator(account), WithJsonSchema({"type": ["string", "integer"], "minLength": 1})
]
Command = Annotated[
    tuple[str, ...],
    PlainValidator(command),
    WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": _SCALAR, "minItems": 1}]}),
]


def _count(least: int, most: int, what: str) -> tuple[Any, Any]:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return PlainValidator(whole(least, most, what)), WithJsonSchema(schema)


Port = Annotated[int, *_count(1, 65535, "a port")]
Replicas = Annotated[int, *_count(0, 1000, "a number of replicas")]
Retries = Annotated[int, *_count(1, 100, "a number of retries")]
Nodes = Annotated[int, *_count(1, 1000, "a number of nodes")]
Cpus = Annotated[int, *_count(1, 1024, "a number of CPUs")]
