"""Hints from this machine's firewall, where it may be read: what does it drop that vtp needs?"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from vtp.doctor.finding import Finding, State, Topic

LOOKED_AT = "Firewall of this machine"
PortNeed = tuple[str, int]
COMMANDS = {
    "nft": ("nft", "-j", "list", "ruleset"),
    "iptables": ("iptables", "-S", "INPUT"),
    "ufw": ("ufw", "status"),
}


async def read_firewall() -> dict[str, str]:
    """What each tool says, by its name; only those that are there and answer."""
    said: dict[str, str] = {}
    for name, command in COMMANDS.items():
        if shutil.which(command[0]) is None:
            continue
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            output, _ = await process.communicate()
        except BaseException:
            process.kill()
            raise
        if process.returncode == 0:
            said[name] = output.decode(errors="replace")
    return said


def judge_firewall(said: dict[str, str], needs: Sequence[PortNeed], *, is_root: bool) -> list[Finding]:
    """`needs` are (protocol, port). Rules may say more than is understood here: a closed port is a note."""
    if not said:
        reason = (
            "No firewall tool answers here (nft, iptables, ufw)."
            if is_root
            else "Only root may read the firewall."
        )
        cure = "" if is_root else "Run vtp doctor as root to look at it"
        return [Finding(Topic.PORTS, LOOKED_AT, State.SKIPPED, reason, cure)]
    closed = [need for need in needs if _is_closed(said, need)]
    if not closed:
        return [
            Finding(
                Topic.PORTS,
                LOOKED_AT,
                State.GOOD,
                f"Nothing in it was found to block what is needed (looked at with {', '.join(said)}); one of "
                f"the cloud "
                "or of a router cannot be seen from here.",
            )
        ]
    return [_closed(need, "ufw" in said and "Status: active" in said["ufw"]) for need in closed]


def _closed(need: PortNeed, by_ufw: bool) -> Finding:
    protocol, port = need
    cure = (
        f"ufw allow {port}/{protocol}"
        if by_ufw
        else f"nft add rule inet filter input {protocol} dport {port} accept"
    )
    return Finding(
        Topic.PORTS,
        f"{LOOKED_AT}: {protocol.upper()} {port}",
        State.NOTE,
        "The firewall drops what no rule allows, and no rule that names this port was found: people "
        "elsewhere may not get "
        "through.",
        cure,
    )


def _is_closed(said: dict[str, str], need: PortNeed) -> bool:
    if "Status: active" in said.get("ufw", ""):
        return ufw_drops(said["ufw"], *need)  # its rules in nft and iptables are too many chains to follow
    checks = {"nft": nft_drops, "iptables": iptables_drops}
    return any(check(said[name], *need) for name, check in checks.items() if name in said)


def nft_drops(ruleset: str, protocol: str, port: int) -> bool:
    """Whether a base chain for input drops by policy, and none of its table's rules accepts the port."""
    try:
        items = json.loads(ruleset)["nftables"]
    except (ValueError, KeyError, TypeError):
        return False
    dropping = [
        one["chain"]
        for one in items
        if "chain" in one and one["chain"].get("hook") == "input" and one["chain"].get("policy") == "drop"
    ]
    return any(not _table_accepts(items, chain, protocol, port) for chain in dropping)


def _table_accepts(items: list[Any], chain: dict[str, Any], protocol: str, port: int) -> bool:
    rules = (one["rule"] for one in items if "rule" in one)
    ours = [r for r in rules if (r["family"], r["table"]) == (chain["family"], chain["table"])]
    if any("xt" in expression for rule in ours for expression in rule["expr"]):
        return True  # iptables made this table; iptables is asked for it
    return any(_accepts(rule["expr"], protocol, port) for rule in ours)


def _accepts(expressions: list[dict[str, Any]], protocol: str, port: int) -> bool:
    if not any("accept" in one or "jump" in one for one in expressions):
        return False
    matches = [one["match"] for one in expressions if "match" in one]
    if not matches:
        return "accept" in expressions[-1]
    for match in matches:
        field = match["left"].get("payload", {}) if isinstance(match["left"], dict) else {}
        if field.get("field") == "dport" and field.get("protocol") in (protocol, "th"):
            return any(low <= port <= high for low, high in _ranges(match["right"]))
    return False


def _ranges(value: Any) -> Iterator[tuple[int, int]]:
    """Ports of a match: a number, a range, or a set of these."""
    if isinstance(value, int):
        yield value, value
    elif isinstance(value, dict) and "range" in value:
        yield value["range"][0], value["range"][1]
    elif isinstance(value, dict) and "set" in value:
        for one in value["set"]:
            yield from _ranges(one)


def iptables_drops(rules: str, protocol: str, port: int) -> bool:
    """Whether INPUT drops by policy and no rule that accepts names the port (or everything)."""
    if not re.search(r"^-P INPUT (DROP|REJECT)$", rules, re.MULTILINE):
        return False
    for line in rules.splitlines():
        if not line.endswith(("-j ACCEPT", "-g ACCEPT")):
            continue
        if line == "-A INPUT -j ACCEPT":
            return False
        if " -i lo " in line or "--ctstate" in line:
            continue
        if f"-p {protocol}" in line and _names_port(line, port):
            return False
    return True


def _names_port(line: str, port: int) -> bool:
    found = re.search(r"--dports? (\S+)", line)
    if found is None:
        return True
    for part in found[1].split(","):
        low, _, high = part.partition(":")
        if int(low) <= port <= int(high or low):
            return True
    return False


def ufw_drops(status: str, protocol: str, port: int) -> bool:
    """Whether ufw is active and has no line that allows the port."""
    if "Status: active" not in status:
        return False
    for line in status.splitlines():
        found = re.match(r"^(\d+)(?::(\d+))?(?:/(tcp|udp))?\s.*ALLOW", line)
        if found and found[3] in (None, protocol) and int(found[1]) <= port <= int(found[2] or found[1]):
            return False
    return True
