"""Log lines: for people in a terminal, JSON elsewhere, and nobody can forge one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadStatusLine

from vtp.logs import REQUEST_ID, JsonFormatter, PeopleFormatter, configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def keep_root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    logging.getLogger("aiohttp.server").filters.clear()
    root.handlers[:] = handlers
    root.setLevel(level)


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"msg": message, "levelno": logging.WARNING, "levelname": "WARNING", **extra}
    )
    made.name = "vtp.test"
    return made


def test_file_gets_json_and_terminal_gets_text() -> None:
    file, terminal = io.StringIO(), Terminal()
    configure_logs("info", "auto", file)
    logging.getLogger("vtp").info("The class %s began.", "physics")
    assert json.loads(file.getvalue())["message"] == "The class physics began."
    configure_logs("info", "auto", terminal)
    logging.getLogger("vtp").info("The class %s began.", "physics")
    assert terminal.getvalue().rstrip().endswith("The class physics began.")


def test_line_breaks_in_what_a_caller_sent_forge_no_line() -> None:
    for formatter in (JsonFormatter(), PeopleFormatter(colours=False)):
        assert "\n" not in formatter.format(record("user said: a\n12:00:00 WARNING forged\r\n"))


def test_request_id_is_in_the_line() -> None:
    token = REQUEST_ID.set("abc")
    try:
        assert json.loads(JsonFormatter().format(record("x")))["request_id"] == "abc"
        assert "[request abc]" in PeopleFormatter(colours=False).format(record("x"))
    finally:
        REQUEST_ID.reset(token)


def test_extra_fields_are_kept() -> None:
    assert json.loads(JsonFormatter().format(record("x", room_id="r1")))["room_id"] == "r1"
    assert "room_id r1" in PeopleFormatter(colours=False).format(record("x", room_id="r1"))


def test_debug_is_hidden_at_info() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    logging.getLogger("vtp").debug("hidden")
    assert stream.getvalue() == ""


def test_requests_that_are_no_http_leave_no_traceback() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    server = logging.getLogger("aiohttp.server")
    for error in (BadStatusLine("junk"), web.RequestPayloadError("cut"), ConnectionResetError()):
        server.error("Error handling request from 127.0.0.1", exc_info=error)
    assert stream.getvalue() == ""
    server.error("Error handling request from 127.0.0.1", exc_info=RuntimeError("a bug"))
    assert "a bug" in stream.getvalue()
