"""Whom to trust and who to be, as one TLS context."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from clouddeploy.errors import CredentialsError
from clouddeploy.seam.cluster import ClientCertificate, Credential, KubeAccess


def tls_context(access: KubeAccess, credential: Credential) -> ssl.SSLContext:
    """The context for a cluster's API: its own CA if it has one, else the system's.

    Raises CredentialsError when the CA or the client certificate cannot be read.
    """
    try:
        context = ssl.create_default_context()
        if access.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=access.ca)
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if isinstance(credential, ClientCertificate):
            _load(context, credential)
    except (ssl.SSLError, ValueError) as error:
        raise CredentialsError(
            f"the CA or client certificate for {access.server} is not valid PEM",
            fix="make the cluster's kubeconfig entry anew",
        ) from error
    return context


def _load(context: ssl.SSLContext, credential: ClientCertificate) -> None:
    """OpenSSL reads keys from files only: one that only we can open, for as long as it takes."""
    handle, name = tempfile.mkstemp(prefix="clouddeploy-", suffix=".pem")  # mode 0600, O_EXCL
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{credential.certificate}\n{credential.key.reveal()}")
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()
