"""What the code never does, looked for in all of it (OWASP ASVS 5.0, V1, V3, V6, V11, V15)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = [path for path in sorted((ROOT / "vtp").rglob("*.py")) if "bench" not in path.parts]
MIGRATIONS = sorted((ROOT / "migrations").rglob("*.py"))
PAGES = [
    path
    for path in sorted((ROOT / "web" / "src").rglob("*.ts*"))
    if ".test." not in path.name and "testing" not in path.parts  # what only tests load
]
REFUSED_CALLS = {
    *("eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "tempfile.mktemp"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell"),
}
REFUSED_MODULES = {
    *("pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"),  # they make objects of any kind
    *("xml", "lxml", "xmlrpc"),
    *("jinja2", "mako", "ldap", "ldap3", "memcache", "pymemcache", "aiomcache"),
}


def calls_in(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_nothing_is_run_that_was_text_before() -> None:
    found = [(path.name, name) for path in SERVER for name, _ in calls_in(path) if name in REFUSED_CALLS]
    assert found == []
    shells = [
        path.name
        for path in SERVER
        for _, call in calls_in(path)
        if any(word.arg == "shell" for word in call.keywords)
    ]
    assert shells == []


def test_no_parser_is_used_that_makes_objects_or_follows_entities() -> None:
    found = [
        (path.name, name)
        for path in SERVER
        for name in imports_in(path)
        if name.partition(".")[0] in REFUSED_MODULES
    ]
    assert found == []


def test_sql_that_is_written_out_holds_no_variables() -> None:
    """Everything else is SQLAlchemy's, which binds what it is given."""
    for path in [*SERVER, *MIGRATIONS]:
        for name, call in calls_in(path):
            if name in ("text", "sa.text", "sqlalchemy.text") and call.args:
                assert isinstance(call.args[0], ast.Constant), f"{path.name}:{call.lineno}"


def test_chance_that_nobody_may_guess_comes_from_the_system() -> None:
    for path in SERVER:
        for name, _ in calls_in(path):
            assert not name.startswith("random.") or name.startswith("random.SystemRandom"), (path.name, name)
        for name in imports_in(path):
            assert name != "numpy.random", path.name


def test_broken_hashes_are_used_nowhere_and_sha_1_only_where_protocols_ask_for_it() -> None:
    """SHA-1: in HMACs of TURN's credentials (draft-uberti-behave-turn-rest) alone; others are compiled."""
    allowed = {"vtp/doctor/relay.py", "vtp/media/ice_servers.py"}
    for path in SERVER:
        text = path.read_text()
        assert not re.search(r"\bmd5\b|\bMD5\(|\bmd4\b|\bDES3?\b|\bARC4\b|\bECB\(", text), path.name
        if re.search(r"[\"'.]sha1\b|SHA1\(", text):
            assert str(path.relative_to(ROOT)) in allowed, path


def test_the_server_loads_no_tools_for_tests_and_measuring() -> None:
    code = (
        "import sys, vtp.app, vtp.cli.serve\n"
        "tools = ('vtp.bench', 'tests', 'pytest', 'hypothesis')\n"
        "print([name for name in sys.modules if name.startswith(tools)])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "pattern",
    [
        r"dangerouslySetInnerHTML",
        r"\.(inner|outer)HTML\b",
        r"insertAdjacentHTML",
        r"document\.write",
        r"\beval\(",
        r"new Function\(",
        r"\bpostMessage\(|[\"']message[\"']",
        r"javascript:",
        r"__proto__",
        r"onPaste|autoComplete=\"off\"",
    ],
)
def test_pages_make_no_markup_and_no_code_of_what_they_are_given(pattern: str) -> None:
    assert PAGES
    for path in PAGES:
        assert not re.search(pattern, path.read_text()), path


def test_pages_load_nothing_from_other_hosts() -> None:
    index = (ROOT / "web" / "index.html").read_text()
    assert not re.search(r"(src|href)=\"(https?:)?//", index)
    assert not re.search(r"<script(?![^>]*\bsrc=)", index)


def test_passwords_are_typed_into_password_fields_that_managers_know() -> None:
    fields = [
        field
        for path in PAGES
        for field in re.findall(r"<Field\b[^>]*?/>", path.read_text(), re.DOTALL)
        if re.search(r"name=\"(?:\w+_)?password\"", field)
    ]
    assert len(fields) >= 2
    for field in fields:
        assert 'type="password"' in field, field
        assert re.search(r'autoComplete="(new|current)-password"', field), field


def test_secrets_are_not_in_the_repository() -> None:
    keys = re.compile(r"-----BEGIN (EC |RSA )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|xox[bp]-\d")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT)
    if listed.returncode != 0:
        pytest.skip("this is no repository")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        assert path.suffix not in (".pem", ".key", ".p12", ".sqlite3") and path.name != ".env", name
        if path.suffix in (".py", ".toml", ".yaml", ".md", ".sh", ".ts", ".tsx", ".example"):
            assert name == "tests/unit/test_asvs_code.py" or not keys.search(path.read_text()), name
