"""Log lines on stderr: pretty for people, logfmt and JSON for machines.

Every line about a call carries its Call SID and Stream SID: `log.info("…", extra={"call": …, "stream": …})`. Where a
line leaves them out, as those of a tool do, it is about the call that the code runs for (`call_context`).
Phone numbers, secrets and stream tokens are masked in whatever is logged.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from twilio_rt_cli.output import console
from twilio_rt_cli.output.call_context import current_call
from twilio_rt_cli.output.line_writer import LineWriter
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.times import time_of_day, utc

Keep = Callable[[logging.LogRecord, str, str], None]
"""takes a record, the line that was to be written, and its message alone, both fit to be seen"""

_FIELDS = ("call", "stream")
_QUOTED = re.compile(r'[ "=\\]')
_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}


@contextmanager
def log_lines(
    *, level: str = "info", log_format: str | None = None, secrets: Collection[str] = (), show_numbers: bool = False
) -> Iterator[None]:
    """Log to stderr inside this context. Without a format: pretty on a terminal, logfmt elsewhere.

    Our own loggers follow `level`; those of libraries stay at warning, and uvicorn follows us to debug. What picows
    logs of sockets carries no Call SID; our own lines say the same.
    """
    handler = LineHandler(LineWriter(sys.stderr), on_terminal=console.is_terminal(sys.stderr))
    handler.setFormatter(_formatter(log_format))
    handler.redactor = Redactor(secrets, show_numbers)
    root = logging.getLogger()
    levels = _levels(getattr(logging, level.upper()))
    before = {name: logging.getLogger(name).level for name in levels}
    root.addHandler(handler)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for name, value in before.items():
            logging.getLogger(name).setLevel(value)
        handler.close()


def logfmt(pairs: Collection[tuple[str, object]]) -> str:
    """`key=value` pairs; values with blanks, quotes or `=` are quoted, those that are None are left out."""
    return " ".join(f"{key}={_logfmt_value(value)}" for key, value in pairs if value is not None)


def _levels(level: int) -> dict[str, int]:
    libraries = max(level, logging.WARNING)
    sockets = logging.DEBUG if level <= logging.DEBUG else libraries
    return {
        "": libraries,
        "twilio_rt": level,
        "picows": libraries,
        "urllib3": max(level, logging.ERROR),  # its retries: what comes of them is logged in our words
        "uvicorn": sockets,
        "uvicorn.error": sockets,
        "uvicorn.access": logging.CRITICAL,  # its lines would show the tokens in our paths
    }


def _formatter(log_format: str | None) -> logging.Formatter:
    match log_format or ("pretty" if console.is_terminal(sys.stderr) else "logfmt"):
        case "pretty":
            return _Pretty(console.has_colour(sys.stderr))
        case "json":
            return _Json()
        case _:
            return _Logfmt()


def _logfmt_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text and text.isprintable() and _QUOTED.search(text) is None:
        return text
    return printable(json.dumps(text, ensure_ascii=False))


class LineHandler(logging.Handler):
    """Writes a line for each record."""

    redactor = Redactor()

    def __init__(self, writer: LineWriter, *, on_terminal: bool) -> None:
        super().__init__()
        self._writer = writer
        self.on_terminal = on_terminal
        """whether a person reads the lines, between whatever else is on that screen"""
        self._keep: Keep | None = None

    @contextmanager
    def kept_by(self, keep: Keep) -> Iterator[None]:
        """Inside this context `keep` takes the lines instead, while something else has the terminal."""
        before, self._keep = self._keep, keep
        try:
            yield
        finally:
            self._keep = before

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.redactor.text(self.format(record))
        except Exception:  # noqa: BLE001  # a bad log call must not hurt a call; logging's own rule, and its report
            self.handleError(record)
            return
        if self._keep is not None:
            self._keep(record, line, self.redactor.text(record.getMessage()))
        else:
            self._writer.write(line)

    def close(self) -> None:
        self._writer.close()
        super().close()


def _about(record: logging.LogRecord) -> list[tuple[str, object]]:
    running = dict(zip(_FIELDS, current_call() or (), strict=False))
    sids = {name: getattr(record, name, None) for name in _FIELDS}
    if sids["call"] in (None, "", running.get("call")):
        sids = {name: value or running.get(name) for name, value in sids.items()}
    return [(name, value) for name, value in sids.items() if value]


class _Pretty(logging.Formatter):
    def __init__(self, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        clock = time_of_day(record.created)
        name = record.name.removeprefix("twilio_rt.")
        about = logfmt(_about(record))
        parts = [self._styled(clock, "2"), self._styled(f"{level:<8}", _COLOURS.get(level, "0"))]
        parts += [self._styled(name, "36"), printable(record.getMessage()), self._styled(about, "2")]
        line = " ".join(part for part in parts if part)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return logfmt(_pairs(self, record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(dict(_pairs(self, record)), ensure_ascii=False, default=str)


def _pairs(formatter: logging.Formatter, record: logging.LogRecord) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = [
        ("ts", utc(record.created)),
        ("level", record.levelname.lower()),
        ("logger", record.name),
        ("msg", record.getMessage()),
        *_about(record),
    ]
    if record.exc_info:
        pairs.append(("exception", formatter.formatException(record.exc_info)))
    return pairs
