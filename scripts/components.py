"""What vtp is made of, read from its locks: an inventory (CycloneDX), and the weaknesses that OSV knows of.

python -m scripts.components inventory > sbom.json
python -m scripts.components audit      # asks https://api.osv.dev; exit code 1: something is vulnerable
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
PYTHON_LOCKS = ("base", "build")
NPM_LOCK = ROOT / "web" / "package-lock.json"
OSV = "https://api.osv.dev"
BATCH = 500  # OSV takes 1,000 queries at a time
TIMEOUT_S = 30.0
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Component:
    """One package of one version; `hashes` are those that an installation takes."""

    ecosystem: str
    name: str
    version: str
    hashes: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL."""
        kind = "pypi" if self.ecosystem == "PyPI" else "npm"
        return f"pkg:{kind}/{quote(self.name, safe='/')}@{quote(self.version)}"


def python_components(lock: Path) -> Iterator[Component]:
    """The packages of a lock with hashes."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
    for block in blocks:
        if found := _PINNED.match(block):
            yield Component("PyPI", found[1].lower(), found[2], tuple(_HASH.findall(block)))


def npm_components(lock: Path) -> Iterator[Component]:
    """The packages that reach browsers; what only builds and tests the pages is left out."""
    for path, entry in json.loads(lock.read_text())["packages"].items():
        if path and not entry.get("dev") and not entry.get("link"):
            yield Component("npm", path.rpartition("node_modules/")[2], entry["version"])


def all_components(locks: Sequence[str] = PYTHON_LOCKS) -> list[Component]:
    """Everything that an installation of vtp brings along, by name."""
    found = {one for name in locks for one in python_components(ROOT / "requirements" / f"{name}.lock")}
    found |= set(npm_components(NPM_LOCK))
    return sorted(found, key=lambda one: (one.ecosystem, one.name, one.version))


def inventory(components: Sequence[Component]) -> dict[str, Any]:
    """A bill of materials, CycloneDX 1.5."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "vtp"}},
        "components": [
            {
                "type": "library",
                "bom-ref": one.purl,
                "name": one.name,
                "version": one.version,
                "purl": one.purl,
                "hashes": [{"alg": "SHA-256", "content": value} for value in one.hashes],
            }
            for one in components
        ],
    }


def weaknesses(components: Sequence[Component], service: str = OSV) -> dict[Component, list[str]]:
    """The ids of what OSV knows of each vulnerable component. Raises OSError when it cannot be asked."""
    found: dict[Component, list[str]] = {}
    for start in range(0, len(components), BATCH):
        batch = components[start : start + BATCH]
        queries = [
            {"package": {"ecosystem": one.ecosystem, "name": one.name}, "version": one.version}
            for one in batch
        ]
        results = _post(f"{service}/v1/querybatch", {"queries": queries})["results"]
        if len(results) != len(batch):
            raise OSError(f"OSV answered {len(results)} of {len(batch)} questions")
        for one, result in zip(batch, results, strict=True):
            if ids := [str(entry["id"]) for entry in result.get("vulns", [])]:
                found[one] = ids
    return found


def _post(url: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["inventory", "audit"])
    parser.add_argument("--osv", default=OSV, help="the address of the service to ask")
    chosen = parser.parse_args(arguments)
    components = all_components()
    if chosen.what == "inventory":
        print(json.dumps(inventory(components), indent=1))
        return 0
    try:
        found = weaknesses(components, chosen.osv)
    except (OSError, ValueError, KeyError) as error:
        print(
            f"OSV cannot be asked at {chosen.osv} ({error}); try again where the internet is.",
            file=sys.stderr,
        )
        return 2
    for one, ids in found.items():
        print(f"{one.ecosystem} {one.name} {one.version}: {', '.join(ids)}")
    print(f"{len(components)} components, {len(found)} with known weaknesses.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
