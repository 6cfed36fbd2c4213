"""The network rules that a node makes: remembered before, taken away after."""

from __future__ import annotations

import json
import shlex
import subprocess

from tests.live.bench import places

TABLES = ("filter", "nat", "mangle")
_OURS = ("KUBE-", "CNI-")


def remember() -> None:
    """Write down which chains of such names were there before the bench."""
    file = places.state() / "chains.json"
    if not file.exists():
        places.write(file, json.dumps({table: sorted(_chains(table)) for table in TABLES}))


def remove() -> None:
    """Delete the chains that came with the bench, and the rules that lead to them."""
    file = places.state() / "chains.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    for table in TABLES:
        made = _chains(table) - set(before.get(table, ())) if before else set()
        for rule in _rules(table):
            if rule[0] == "-A" and "-j" in rule and rule[rule.index("-j") + 1] in made:
                _iptables(table, "-D", *rule[1:])
        for action in ("-F", "-X"):
            for chain in made:
                _iptables(table, action, chain)


def _chains(table: str) -> set[str]:
    return {rule[1] for rule in _rules(table) if rule[0] == "-N" and rule[1].startswith(_OURS)}


def _rules(table: str) -> list[list[str]]:
    return [shlex.split(line) for line in _iptables(table, "-S").splitlines() if line]


def _iptables(table: str, *arguments: str) -> str:
    command = ["iptables", "--wait", "-t", table, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
