"""Logs: lines for people in a terminal, JSON elsewhere, each with the id of the request it belongs to."""

from __future__ import annotations

import contextvars
import datetime as dt
import json
import logging
import sys
from typing import Final, Literal, TextIO

from aiohttp import web
from aiohttp.http import HttpProcessingError

# A context variable must live in a module to be one; it is set by the outermost middleware only.
REQUEST_ID: Final[contextvars.ContextVar[str]] = contextvars.ContextVar("request_id", default="")

_COLOURS: Final = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31;1m", "DEBUG": "\x1b[2m"}
_QUIET: Final = ("aiohttp.access", "alembic", "aioice", "aiosqlite", "asyncio")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class NotOfBrokenRequests(logging.Filter):
    """Keeps requests that are no HTTP, or end halfway, out of the log: anybody can send thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for the HTTP parser's complaints, which their sender is answered with 400."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError)


class PeopleFormatter(logging.Formatter):
    """`12:31:05 WARNING Port 40000 is …`, coloured when the stream is a terminal."""

    def __init__(self, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it when there is one."""
        time = dt.datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        line = f"{time} {level}{_one_line(record.getMessage())}{_fields_text(record)}"
        request_id = REQUEST_ID.get()
        if request_id and record.levelno >= logging.WARNING:
            line += f" [request {request_id}]"
        if self._colours and record.levelname in _COLOURS:
            line = f"{_COLOURS[record.levelname]}{line}\x1b[0m"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, and what was passed in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; newlines in messages are escaped by JSON itself (no log injection, ASVS 16.4.1)."""
        entry: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            entry["request_id"] = request_id
        entry.update(_extra(record))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure_logs(
    level: Literal["debug", "info", "warning", "error"],
    form: Literal["auto", "text", "json"],
    stream: TextIO | None = None,
) -> None:
    """Sends all logs to `stream` (standard error); `auto` means text in a terminal, JSON elsewhere."""
    stream = stream or sys.stderr
    terminal = stream.isatty()
    handler = logging.StreamHandler(stream)
    as_text = form == "text" or (form == "auto" and terminal)
    handler.setFormatter(PeopleFormatter(colours=terminal) if as_text else JsonFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
    parser = logging.getLogger("aiohttp.server")
    if level != "debug" and not parser.filters:
        parser.addFilter(NotOfBrokenRequests())
    logging.captureWarnings(True)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _fields_text(record: logging.LogRecord) -> str:
    fields = _extra(record)
    return " (" + ", ".join(f"{k} {_one_line(str(v))}" for k, v in fields.items()) + ")" if fields else ""


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n") if "\n" in text or "\r" in text else text
