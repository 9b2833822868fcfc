"""The inventory of components is what the locks install, and their weaknesses are asked of a real service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from scripts.components import (
    Component,
    all_components,
    inventory,
    main,
    npm_components,
    python_components,
    weaknesses,
)

ROOT = Path(__file__).resolve().parents[2]


def test_the_inventory_holds_every_package_of_the_locks_with_its_hashes() -> None:
    bill = inventory(all_components())
    listed = {part["name"]: part for part in bill["components"] if part["purl"].startswith("pkg:pypi/")}
    for line in (ROOT / "requirements" / "base.in").read_text().splitlines():
        name = line.partition("#")[0].strip().lower()
        for mark in ("==", ">=", "["):
            name = name.partition(mark)[0]
        if name:
            assert name in listed, name
    for part in listed.values():
        assert part["hashes"] and all(len(one["content"]) == 64 for one in part["hashes"]), part["name"]
    browser = [part["name"] for part in bill["components"] if part["purl"].startswith("pkg:npm/")]
    assert {"react", "react-dom", "hls.js"} <= set(browser) and "vite" not in browser


def test_what_is_installed_is_what_the_locks_say() -> None:
    locked: dict[str, set[str]] = {}
    for component in python_components(ROOT / "requirements" / "base.lock"):
        locked.setdefault(component.name, set()).add(component.version)
    for name, versions in locked.items():
        try:
            assert metadata.version(name) in versions, name  # of several, one is for this Python
        except metadata.PackageNotFoundError:
            continue  # for another system


def test_every_package_comes_by_a_hash_and_from_no_named_place() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.lock")):
        text = lock.read_text()
        assert "://" not in text and "git+" not in text and " @ " not in text, lock.name
        assert all(component.hashes for component in python_components(lock)), lock.name
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text())["packages"]
    for path, entry in packages.items():
        assert not path or entry.get("link") or entry["integrity"].startswith("sha512-"), path
    assert "--require-hashes" in (ROOT / "scripts" / "setup.sh").read_text()


@contextmanager
def database(known: dict[str, list[str]], short: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """A service that answers as OSV's API does; `known`: weaknesses by name."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(queries)
            results = [
                {"vulns": [{"id": one} for one in known[name]]}
                if (name := query["package"]["name"]) in known
                else {}
                for query in queries
            ]
            body = json.dumps({"results": results[: len(results) - short]}).encode()
            self.send_response(200 if self.path == "/v1/querybatch" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_component_with_a_weakness_fails_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    with database({"aiohttp": ["GHSA-1", "GHSA-2"]}) as (address, asked):
        assert main(["audit", "--osv", address]) == 1
    told = capsys.readouterr().out
    assert "PyPI aiohttp 3." in told and "GHSA-1, GHSA-2" in told
    components = all_components()
    assert len(asked) == len(components)
    assert {"package": {"ecosystem": "npm", "name": "react"}, "version": version_of("react")} in asked


def test_without_known_weaknesses_the_audit_passes(capsys: pytest.CaptureFixture[str]) -> None:
    with database({}) as (address, _):
        assert main(["audit", "--osv", address]) == 0
    assert ", 0 with known weaknesses." in capsys.readouterr().out


def test_who_cannot_ask_is_not_told_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with database({}, short=1) as (address, _):
        assert main(["audit", "--osv", address]) == 2
        with pytest.raises(OSError, match="OSV answered 0 of 1"):
            weaknesses([Component("PyPI", "x", "1")], address)
    assert main(["audit", "--osv", address]) == 2
    assert "try again" in capsys.readouterr().err


def version_of(name: str) -> str:
    """Of a package that reaches browsers."""
    return next(one.version for one in npm_components(ROOT / "web" / "package-lock.json") if one.name == name)
