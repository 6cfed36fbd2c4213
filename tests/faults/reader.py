"""An independent reader of registries: nothing of the product, and skopeo where that is wanted."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.faults.layouts import OCI, Layout

_ACCEPT = ", ".join(f"{OCI}.{kind}.v1+json" for kind in ("manifest", "index"))
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


class Registry:
    """One repository, asked over plain http with a login."""

    def __init__(self, host: str, repository: str, username: str, password: str) -> None:
        self._host = host
        self._repository = repository
        self._basic = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        self._authorization = ""

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body; logs in when it has to."""
        where = path if path.startswith("/") else f"/v2/{self._repository}/{path}"
        status, found, answer = self._send(method, where, body, headers or {})
        if status == 401:
            self._log_in(found["www-authenticate"])
            status, found, answer = self._send(method, where, body, headers or {})
        return status, found, answer

    def digest_of(self, tag: str) -> str:
        """What a tag means; "" when it means nothing."""
        status, _, body = self.ask("GET", f"manifests/{tag}", headers={"Accept": _ACCEPT})
        return f"sha256:{hashlib.sha256(body).hexdigest()}" if status == 200 else ""

    def read(self, reference: str) -> dict[str, bytes]:
        """Everything that an image consists of, by digest; KeyError names what is not there."""
        body = self._get(f"manifests/{reference}", {"Accept": _ACCEPT})
        found = {f"sha256:{hashlib.sha256(body).hexdigest()}": body}
        document: dict[str, Any] = json.loads(body)
        for child in document.get("manifests", ()):
            found |= self.read(child["digest"])
        for part in [document.get("config"), *document.get("layers", ())]:
            if part and part["digest"] not in found:
                found[part["digest"]] = self._get(f"blobs/{part['digest']}", {})
        return found

    def write(self, layout: Layout, tag: str) -> None:
        """Put an image there without the product."""
        documents = [digest for digest in layout.sizes if _is_document(layout.read(digest))]
        for digest in layout.sizes:
            if digest not in documents:
                where = self.ask("POST", "blobs/uploads/")[1]["location"]
                self.ask("PUT", f"{where}?digest={digest}", layout.read(digest))
        for digest in [*documents, layout.digest]:
            body = layout.read(digest)
            reference = tag if digest == layout.digest else digest
            kind = {"Content-Type": json.loads(body)["mediaType"]}
            status = self.ask("PUT", f"manifests/{reference}", body, kind)[0]
            assert status in (201, 400), status  # 400: an immutable tag that is there

    def _get(self, path: str, headers: Mapping[str, str]) -> bytes:
        status, _, body = self.ask("GET", path, headers=headers)
        if status != 200:
            raise KeyError(f"{path}: HTTP {status}")
        return body

    def _send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._host, timeout=20)
        try:
            auth = {"Authorization": self._authorization} if self._authorization else {}
            connection.request(method, path, body or None, {**auth, **headers})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def _log_in(self, challenge: str) -> None:
        said = dict(_PARAMETER.findall(challenge))
        if challenge.startswith("Basic"):
            self._authorization = self._basic
            return
        realm = urlsplit(said["realm"])
        scope = f"repository:{self._repository}:pull,push"
        connection = http.client.HTTPConnection(realm.netloc, timeout=20)
        query = urlencode({"service": said["service"], "scope": scope})
        connection.request("GET", f"{realm.path}?{query}", headers={"Authorization": self._basic})
        token = json.loads(connection.getresponse().read())["token"]
        connection.close()
        self._authorization = f"Bearer {token}"


def differences(layout: Layout, registry: Registry, tag: str) -> str:
    """What a pull of `tag` gives that is not the layout's image; "" when it is, byte for byte."""
    try:
        found = registry.read(tag)
    except (KeyError, ValueError, OSError, http.client.HTTPException) as error:
        return f"{tag} cannot be pulled: {error}"
    if layout.digest not in found:
        return f"{tag} is another image"
    wrong = [digest for digest in layout.sizes if found.get(digest) != layout.read(digest)]
    return f"{len(wrong)} parts differ, {wrong[0]}" if wrong else ""


def skopeo_differences(layout: Layout, host: str, name: str, login: str) -> str:
    """As `differences`, with skopeo as the reader; `name` is repository:tag, `login` user:password."""
    program = shutil.which("skopeo")
    assert program, "skopeo is not installed"
    with tempfile.TemporaryDirectory(prefix="clouddeploy-faults-") as folder:
        copy = Path(folder) / "copy"
        source = f"docker://{host}/{name}"
        flags = ["--all", "--preserve-digests", "--src-tls-verify=false", "--src-creds", login]
        command = [program, "copy", "--quiet", *flags, source, f"oci:{copy}:x"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            return f"skopeo: {done.stderr.strip()[-200:]}"
        found = {f"sha256:{one.name}": one.read_bytes() for one in (copy / "blobs" / "sha256").iterdir()}
    wrong = [digest for digest in layout.sizes if found.get(digest) != layout.read(digest)]
    return f"skopeo: {len(wrong)} parts differ" if wrong else ""


def _is_document(body: bytes) -> bool:
    try:
        return "schemaVersion" in json.loads(body)
    except (ValueError, TypeError):
        return False
