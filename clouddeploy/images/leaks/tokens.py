"""Credentials that their issuers made recognisable: a fixed prefix, a fixed alphabet, a fixed length.

The shapes are those that the issuers document or that their own push protection uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from clouddeploy.images.leaks.dummies import is_dummy_token
from clouddeploy.images.leaks.finding import Match


@dataclass(frozen=True)
class Token:
    """`prefix` is public and `body` is not; `more` may follow any number of times up to 1,000."""

    kind: str
    prefix: bytes
    body: bytes
    more: bytes = b""

    @property
    def anchor(self) -> bytes:
        """An expression for Hyperscan that matches wherever the token is."""
        return self.prefix + self.body

    def find(self, text: bytes) -> Iterator[Match]:
        """The tokens in a text, without those that are examples."""
        for found in self._pattern().finditer(text):
            if not is_dummy_token(found[0], found[2]):
                yield Match(found.start(), found[0], f"{found[1][:12].decode()}…")

    def _pattern(self) -> re.Pattern[bytes]:
        tail = b"(?:%s){0,1000}" % self.more if self.more else b""
        return re.compile(b"(?<![A-Za-z0-9_-])(%s)(%s%s)(?![A-Za-z0-9_-])" % (self.prefix, self.body, tail))


GOOGLE_API_KEY = "Google API key"
"""Public where a browser or a phone gets it."""

TOKENS = (
    Token("AWS access key", rb"A(?:KI|SI)A", rb"[A-Z2-7]{16}"),
    Token("GitHub token", rb"gh[oprsu]_", rb"[A-Za-z0-9]{36}", rb"[A-Za-z0-9]"),
    Token("GitHub token", rb"github_pat_", rb"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    Token("GitLab token", rb"gl(?:pat|rt|dt|ptt|soat|agent)-", rb"[A-Za-z0-9_-]{20}", rb"[A-Za-z0-9_.-]"),
    Token("Slack token", rb"xox[abeoprs]-", rb"[0-9]{9,14}-[A-Za-z0-9-]{16}", rb"[A-Za-z0-9-]"),
    Token("Slack token", rb"xapp-1-", rb"[A-Z0-9]{9,12}-[0-9]{9,14}-[a-f0-9]{32}", rb"[a-f0-9]"),
    Token(
        "Slack webhook", rb"hooks\.slack\.com/services/", rb"T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}"
    ),
    Token("Stripe live key", rb"[rs]k_live_", rb"[A-Za-z0-9]{24}", rb"[A-Za-z0-9]"),
    Token(GOOGLE_API_KEY, rb"AIza", rb"[A-Za-z0-9_-]{35}"),
    Token("Google OAuth client secret", rb"GOCSPX-", rb"[A-Za-z0-9_-]{28}"),
    Token("npm token", rb"npm_", rb"[A-Za-z0-9]{36}"),
    Token("PyPI token", rb"pypi-AgE[A-Za-z0-9]{12}", rb"[A-Za-z0-9_-]{50}", rb"[A-Za-z0-9_-]"),
    Token("RubyGems key", rb"rubygems_", rb"[a-f0-9]{48}"),
    Token("Docker Hub token", rb"dckr_[po]at_", rb"[A-Za-z0-9_-]{27}", rb"[A-Za-z0-9_-]"),
    Token("DigitalOcean token", rb"do[opr]_v1_", rb"[a-f0-9]{64}"),
    Token("Alibaba Cloud access key", rb"LTAI[45]", rb"[A-Za-z0-9]{19}", rb"[A-Za-z0-9]"),
    Token("Alibaba Cloud access key", rb"LTAI", rb"[A-Za-z0-9]{12}"),
    Token("SendGrid key", rb"SG\.", rb"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    Token(
        "OpenAI key", rb"sk-(?:proj-|svcacct-|admin-)?", rb"[A-Za-z0-9_-]{20,74}T3BlbkFJ[A-Za-z0-9_-]{20,74}"
    ),
    Token("Anthropic key", rb"sk-ant-(?:api|admin)[0-9]{2}-", rb"[A-Za-z0-9_-]{80}", rb"[A-Za-z0-9_-]"),
    Token("Hugging Face token", rb"hf_", rb"[A-Za-z]{34}"),
    Token("Vault token", rb"hv[sb]\.", rb"[A-Za-z0-9_-]{90}", rb"[A-Za-z0-9_-]"),
    Token("Shopify token", rb"shp(?:at|ca|pa|ss)_", rb"[a-fA-F0-9]{32}"),
    Token("Azure storage key", rb"AccountKey=", rb"[A-Za-z0-9+/]{86}=="),
    Token("age secret key", rb"AGE-SECRET-KEY-1", rb"[A-Z0-9]{58}"),
)
