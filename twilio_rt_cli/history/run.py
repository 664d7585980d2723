"""What `twilio-rt calls` does, once its words are known."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_rt_cli.errors import NeedsConsentError, ServerError, SettingsError
from twilio_rt_cli.history.options import HistoryOptions
from twilio_rt_cli.history.table import calls_table, refused_table
from twilio_rt_cli.history.times import local_time, moment
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import Redactor, printable
from twilio_rt_cli.output.words import plural
from twilio_rt_cli.records.reader import Record, RecordReader
from twilio_rt_cli.records.schema import records_folder
from twilio_rt_cli.settings.light import LightSettings

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_CANDIDATES = 10


def run(options: HistoryOptions) -> None:
    """Carry it out. Raises TwilioRtError."""
    options.check()
    settings = LightSettings()
    redactor = Redactor(show_numbers=settings.flag("SHOW_NUMBERS", False))
    since = 0.0 if options.since is None else moment(options.since, time.time())
    with RecordReader(records_folder(settings.path("RECORDS_DIR"))) as records:
        match options.what:
            case "list" if options.refused:
                _list_refused(options, records, since, redactor)
            case "list":
                _list(options, records, since, redactor)
            case "show":
                _show(options, records, redactor)
            case _:
                _export(options, records, since, redactor)


def _list(options: HistoryOptions, records: RecordReader, since: float, redactor: Redactor) -> None:
    limit = _limit(options)
    found = records.latest(since=since, failed=options.failed, limit=limit + 1 if limit else None)
    shown = found[:limit] if limit else found
    if options.json:
        from twilio_rt_cli.history.export import call_summary, json_line

        for record in shown:
            console.data(json_line(call_summary(record, redactor)))
    elif shown:
        for line in calls_table(shown, redactor, time.time(), _width()):
            console.data(line)
    if not shown:
        _say_none(records, filtered=options.failed or options.since is not None)
    elif len(found) > len(shown):
        console.say(f"These are the newest {len(shown)}; --limit N shows more, --limit 0 all.")


def _list_refused(options: HistoryOptions, records: RecordReader, since: float, redactor: Redactor) -> None:
    found = records.refused(since=since, limit=_limit(options) or None)
    if options.json:
        from twilio_rt_cli.history.export import json_line, refused_call

        for one in found:
            console.data(json_line(refused_call(one, redactor)))
    elif found:
        for line in refused_table(found, redactor, _width()):
            console.data(line)
    if not found:
        console.say("No call was turned away.")


def _show(options: HistoryOptions, records: RecordReader, redactor: Redactor) -> None:
    from twilio_rt_cli.history.export import json_line, whole_call
    from twilio_rt_cli.history.page import call_page, transcript_text

    record = _the_one(records, options.ids[0])
    events = records.events(record.number)
    if options.json:
        console.data(json_line(whole_call(record, events, redactor)))
        return
    make = transcript_text if options.text else call_page
    for line in make(record, events, redactor, _width()):
        console.data(line)


def _export(options: HistoryOptions, records: RecordReader, since: float, redactor: Redactor) -> None:
    numbers = [_the_one(records, name).number for name in options.ids] or records.numbers(since=since)
    found = (record for number in numbers if (record := records.record(number)) is not None)
    make = {"json": _json, "csv": _csv, "text": _text}[options.form]
    with _out(options) as write:
        for line in make(found, records, redactor):
            write(line)
    if not numbers:
        _say_none(records, filtered=options.since is not None)
    elif options.output is not None:
        console.say(f"{plural(len(numbers), 'call')} written to {options.output}")


def _json(found: Iterable[Record], records: RecordReader, redactor: Redactor) -> Iterator[str]:
    from twilio_rt_cli.history.export import json_line, whole_call

    for record in found:
        yield json_line(whole_call(record, records.events(record.number), redactor))


def _csv(found: Iterable[Record], _: RecordReader, redactor: Redactor) -> Iterator[str]:
    import csv
    import io

    from twilio_rt_cli.history.export import CSV_COLUMNS, csv_row

    def line(cells: Iterable[object]) -> str:
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(cells)
        return row.getvalue()

    yield line(CSV_COLUMNS)
    for record in found:
        yield line(csv_row(record, redactor))


def _text(found: Iterable[Record], records: RecordReader, redactor: Redactor) -> Iterator[str]:
    from twilio_rt_cli.history.page import transcript_text

    for number, record in enumerate(found):
        if number:
            yield ""
        yield from transcript_text(record, records.events(record.number), redactor, None)


@contextmanager
def _out(options: HistoryOptions) -> "Iterator[Callable[[str], None]]":
    """Where an export goes: stdout, or a file that only this user can read, which is there whole or not at all."""
    if options.output is None:
        yield console.data
        return
    from twilio_rt_cli.machine.private_file import private_file

    path = Path(options.output)
    if path.exists() and not options.yes:
        raise NeedsConsentError(f"{path} is there already.", hint="Add --yes to overwrite it, or name another file.")
    try:
        with private_file(path) as file:
            yield lambda line: print(line, file=file)
    except OSError as error:
        raise ServerError(f"{path} cannot be written ({error.strerror or error}).") from error


def _the_one(records: RecordReader, name: str) -> Record:
    found = records.named(name.strip().lstrip("…"))
    if len(found) == 1:
        return found[0]
    shown = printable(name)
    if not found:
        hint = "twilio-rt calls lists them; an ending of a Call SID has at least 4 characters."
        raise SettingsError(f"No call is recorded as {shown}.", hint=hint)
    candidates = [f"record {one.number}: {one.call_sid}, {local_time(one.started_at)}" for one in found]
    rest = len(candidates) - _MOST_CANDIDATES
    more = [f"and {rest} more"] if rest > 0 else []
    hint = "\n".join(candidates[:_MOST_CANDIDATES] + more)
    raise SettingsError(f"{shown} may be one of {len(found)} calls; name more of its Call SID.", hint=hint)


def _limit(options: HistoryOptions) -> int:
    text = options.limit
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SettingsError(f"--limit must be a whole number, not {printable(text)}.")
    return int(text)


def _width() -> int | None:
    import sys

    return console.width(sys.stdout)


def _say_none(records: RecordReader, *, filtered: bool) -> None:
    if filtered:
        console.say("No such call is recorded.")
        return
    console.say(f"No calls are recorded yet in {records.path.parent}.")
    console.say("twilio-rt serve keeps a record of each call, unless RECORDS is false.")
