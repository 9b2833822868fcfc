"""What the code never does, looked for in all of it (OWASP ASVS 5.0, V1, V3, V6, V11, V15)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pydantic import SecretStr

from vtp.settings import Settings
from vtp.settings_sources import known_paths

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
OTHER_LOGS = {
    "FileHandler",
    "SysLogHandler",
    "HTTPHandler",
    "SocketHandler",
    "SMTPHandler",
    "RotatingFileHandler",
}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
REFUSED_MODULES = {
    *("pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"),  # they make objects of any kind
    *("xml", "lxml", "xmlrpc"),
    *("jinja2", "mako", "ldap", "ldap3", "memcache", "pymemcache", "aiomcache"),
}


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """A million nodes are in the way of whatever looks for garbage after these tests."""
    yield
    nodes_of.cache_clear()
    calls_in.cache_clear()


@cache
def calls_in(path: Path) -> list[tuple[str, ast.Call]]:
    return [(dotted(node.func), node) for node in nodes_of(path) if isinstance(node, ast.Call)]


def dotted(called: ast.expr) -> str:
    """A name and its attributes, as it is written; what is no name, but something's outcome, is "…"."""
    names: list[str] = []
    while isinstance(called, ast.Attribute):
        names.append(called.attr)
        called = called.value
    names.append(called.id if isinstance(called, ast.Name) else "…")
    return ".".join(reversed(names))


def imports_in(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
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


def test_no_format_is_made_of_what_callers_say() -> None:
    """Formats are written out: in f-strings, in logging's first argument, in `%` and `format`."""
    for path in SERVER:
        for node in nodes_of(path):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
                assert not isinstance(node.right, ast.Tuple) or isinstance(node.left, ast.Constant), path.name
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "format" and not isinstance(node.func.value, ast.Constant):
                assert ast.unparse(node.func.value) in ("super()", "logging.Formatter"), (
                    f"{path.name}:{node.lineno}"
                )
            if node.func.attr in LEVELS and dotted(node.func.value) == "logger":
                text, *values = node.args[node.func.attr == "log" :]
                assert isinstance(text, ast.Constant) or not values, f"{path.name}:{node.lineno}"


def test_chance_that_nobody_may_guess_comes_from_the_system() -> None:
    for path in SERVER:
        for name, _ in calls_in(path):
            assert not name.startswith("random.") or name.startswith("random.SystemRandom"), (path.name, name)
        for name in imports_in(path):
            assert name != "numpy.random", path.name


def test_broken_hashes_are_used_nowhere_and_sha_1_only_where_protocols_ask_for_it() -> None:
    """SHA-1: in HMACs of TURN's credentials (draft-uberti-behave-turn-rest) alone; others are compiled.

    MD5: what S3's entity tags are, compared to see what an upload need not send again; it protects nothing.
    """
    allowed = {"vtp/doctor/relay.py", "vtp/media/ice_servers.py"}
    for path in SERVER:
        text = path.read_text()
        if path == ROOT / "vtp/jobs/upload.py":
            text = text.replace("hashlib.md5(usedforsecurity=False)", "")
        assert not re.search(r"\bmd5\b|\bMD5\(|\bmd4\b|\bDES3?\b|\bARC4\b|\bECB\(", text), path.name
        if re.search(r"[\"'.]sha1\b|SHA1\(", text):
            assert str(path.relative_to(ROOT)) in allowed, path


def test_the_server_loads_no_tools_for_tests_and_measuring_and_no_ffmpeg() -> None:
    code = (
        "import sys, vtp.app, vtp.cli.serve\n"
        "tools = ('vtp.bench', 'tests', 'pytest', 'hypothesis', 'av', 'requests', 'redis')\n"
        "print([name for name in sys.modules if name in tools or name.startswith('vtp.bench')])"
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
        r"onPaste",
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
    design = (ROOT / "web" / "src" / "design" / "Field.tsx").read_text()
    field = design[design.index("function PasswordField") :]
    assert 'type={shown ? "text" : "password"}' in field  # masked until somebody wants to look
    elements = [
        element
        for path in PAGES
        for element in re.findall(r"<PasswordField\b[^>]*?/>", path.read_text(), re.DOTALL)
    ]
    assert len(elements) >= 2
    for element in elements:
        assert re.search(r'autoComplete="(new|current)-password"', element), element
    for path in PAGES:
        for element in re.findall(r"<(?:Field|input)\b[^>]*?>", path.read_text(), re.DOTALL):
            assert not re.search(r'name="\w*password"', element), (path, "is no PasswordField", element)


def test_pages_keep_nothing_of_accounts_in_the_browser() -> None:
    """What devices and looks are set to, and what is not told yet, by storage.ts; links by the others."""
    users = {path.name for path in PAGES if re.search(r"\b(localStorage|sessionStorage)\b", path.read_text())}
    assert users == {"storage.ts", "guest.ts", "course_link.ts"}
    for path in PAGES:
        assert not re.search(r"indexedDB|document\.cookie|caches\.open", path.read_text()), path
        for what in re.findall(r"\bremember\(([^;]*)\);", path.read_text()):
            assert not re.search(r"token|password|email|user\b", what, re.IGNORECASE), (path, what)
    assert "sessionStorage" not in (ROOT / "web" / "src" / "storage.ts").read_text()
    assert "localStorage" not in (ROOT / "web" / "src" / "session" / "guest.ts").read_text()


def test_logs_go_to_standard_error_and_the_audit_log_alone() -> None:
    for path in SERVER:
        for name, _ in calls_in(path):
            handler = re.search(r"\b(\w*Handler)$", name)
            assert handler is None or handler[1] not in OTHER_LOGS, (path.name, name)
        assert "logging.handlers" not in imports_in(path), path.name


def test_the_service_runs_with_few_rights() -> None:
    unit = (ROOT / "contrib" / "vtp.service").read_text().splitlines()
    assert {
        "User=vtp",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "RestrictNamespaces=yes",
        "UMask=0027",
    } <= set(unit)
    container = (ROOT / "Dockerfile").read_text()
    assert "\nUSER vtp\n" in container and ".git" not in container


def test_no_credential_has_a_default() -> None:
    settings = Settings()
    for path in known_paths(Settings):
        name = path.rpartition(".")[2]
        if re.search(r"secret|password$|token$|username|credential|_key$", name):
            value = settings
            for part in path.split("."):
                value = getattr(value, part)
            shown = value.get_secret_value() if isinstance(value, SecretStr) else value
            assert shown == "", path


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
