"""Secrets made for the tests, put together at run time so that no scanner finds them in this repository."""

from __future__ import annotations

import base64
import io
import json
import random
import string
import tarfile
from collections.abc import Iterable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

_DICE = random.Random(5)
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def rolled(alphabet: str, count: int) -> str:
    """A random text that no dummy filter takes for an example."""
    return "".join(_DICE.choice(alphabet) for _ in range(count))


TOKENS = {
    "AWS access key": "AKI" + "A" + "QYLPMN5HHHFPZAM2",
    "GitHub token": "gh" + "p_" + rolled(ALNUM, 36),
    "GitLab token": "glp" + "at-" + rolled(ALNUM, 20),
    "Slack token": "xox" + "b-17653672481-19874698323-" + rolled(ALNUM, 24),
    "Slack webhook": "hooks.slack" + ".com/services/T0A1B2C3D/B0A1B2C3D/" + rolled(ALNUM, 24),
    "Stripe live key": "sk_" + "live_" + rolled(ALNUM, 24),
    "Google API key": "AI" + "za" + rolled(ALNUM, 35),
    "Google OAuth client secret": "GOC" + "SPX-" + rolled(ALNUM, 28),
    "npm token": "np" + "m_" + rolled(ALNUM, 36),
    "PyPI token": "pyp" + "i-AgEIcHlwaS5vcmc" + rolled(ALNUM, 70),
    "RubyGems key": "ruby" + "gems_" + rolled(HEX, 48),
    "Docker Hub token": "dck" + "r_pat_" + rolled(ALNUM, 27),
    "DigitalOcean token": "do" + "p_v1_" + rolled(HEX, 64),
    "Alibaba Cloud access key": "LT" + "AI5t" + rolled(ALNUM, 19),
    "SendGrid key": "S" + "G." + rolled(ALNUM, 22) + "." + rolled(ALNUM, 43),
    "OpenAI key": "sk-" + "proj-" + rolled(ALNUM, 30) + "T3Blbk" + "FJ" + rolled(ALNUM, 30),
    "Anthropic key": "sk-" + "ant-api03-" + rolled(ALNUM, 93) + "AA",
    "Hugging Face token": "h" + "f_" + rolled(string.ascii_letters, 34),
    "Vault token": "hv" + "s." + rolled(ALNUM, 95),
    "Shopify token": "shp" + "at_" + rolled(HEX, 32),
    "Azure storage key": "Account" + "Key=" + rolled(ALNUM, 86) + "==",
    "age secret key": "AGE-" + "SECRET-KEY-1" + rolled(string.ascii_uppercase + string.digits, 58),
}
FINE_GRAINED = "github" + "_pat_" + rolled(ALNUM, 22) + "_" + rolled(ALNUM, 59)
PASSWORD = "pX9" + "-unlikely-" + rolled(ALNUM, 8)
AWS_SECRET = rolled(ALNUM, 40)


def pem(kind: str = "rsa", passphrase: bytes = b"") -> str:
    """A private key: kind is rsa, ec, ed25519 (PKCS #8), pkcs1 or openssh."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
    elif kind in {"ed25519", "openssh"}:
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = {"openssh": PrivateFormat.OpenSSH, "pkcs1": PrivateFormat.TraditionalOpenSSL}
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(Encoding.PEM, form.get(kind, PrivateFormat.PKCS8), lock).decode()


def docker_config(password: str) -> bytes:
    """A config.json with a login."""
    login = base64.b64encode(f"bot:{password}".encode()).decode()
    return json.dumps({"auths": {"registry.example.com": {"auth": login}}}).encode()


def layer(files: Iterable[tuple[str, bytes]], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A plain layer tar of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()
