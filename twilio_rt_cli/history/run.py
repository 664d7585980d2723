"""What `twilio-rt calls` does, once its words are known."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from twilio_rt_cli.errors import NeedsConsentError, ServerError, SettingsError
from twilio_rt_cli.history.table import calls_table, refused_table
from twilio_rt_cli.history.times import local_time, moment
from twilio_rt_cli.output import console
from twilio_rt_cli.output.redaction import Curtain, printable
from twilio_rt_cli.records.file import records_folder
from twilio_rt_cli.records.reading import Record, Records
from twilio_rt_cli.settings.light import LightSettings

if TYPE_CHECKING:
    from collections.abc import Callable

_BELONGS = {
    "list": frozenset({"limit", "since", "failed", "refused", "json"}),
    "show": frozenset({"json", "text"}),
    "export": frozenset({"since", "format", "output", "yes"}),
}
_FORMS = ("json", "csv", "text")
_MOST_CANDIDATES = 10


class Wanted(Struct, frozen=True, kw_only=True):
    """The words of the command line."""

    what: str = "list"
    ids: tuple[str, ...] = ()
    limit: str = "50"
    since: str | None = None
    failed: bool = False
    refused: bool = False
    json: bool = False
    text: bool = False
    form: str = "json"
    output: str | None = None
    yes: bool = False

    def given(self) -> set[str]:
        """The options that were given."""
        plain = Wanted()
        names = {"form": "format"}
        options = ("limit", "since", "failed", "refused", "json", "text", "form", "output", "yes")
        return {names.get(name, name) for name in options if getattr(self, name) != getattr(plain, name)}


def run(wanted: Wanted) -> None:
    """Do it. Raises TwilioRtError."""
    _check(wanted)
    settings = LightSettings()
    curtain = Curtain(show_numbers=settings.flag("SHOW_NUMBERS", False))
    since = 0.0 if wanted.since is None else moment(wanted.since, time.time())
    with Records(records_folder(settings.path("RECORDS_DIR"))) as records:
        match wanted.what:
            case "list" if wanted.refused:
                _list_refused(wanted, records, since, curtain)
            case "list":
                _list(wanted, records, since, curtain)
            case "show":
                _show(wanted, records, curtain)
            case _:
                _export(wanted, records, since, curtain)


def _check(wanted: Wanted) -> None:
    what = wanted.what
    if what not in _BELONGS:
        hint = f"To see one call: twilio-rt calls show {printable(what)}"
        raise SettingsError(f"calls knows list, show and export, not {printable(what)}.", hint=hint)
    stray = sorted(wanted.given() - _BELONGS[what])
    if stray:
        raise SettingsError(f"--{stray[0]} does not go with calls {what}.", hint="See twilio-rt calls --help.")
    if what == "list" and wanted.ids:
        raise SettingsError("calls list takes no call.", hint="To see one: twilio-rt calls show ID")
    if what == "show" and len(wanted.ids) != 1:
        raise SettingsError("calls show takes one call.", hint="twilio-rt calls lists them.")
    if what == "export" and wanted.ids and wanted.since is not None:
        raise SettingsError("--since and single calls do not go together.")
    if wanted.json and wanted.text:
        raise SettingsError("--json and --text do not go together.")
    if wanted.form not in _FORMS:
        raise SettingsError(f"--format must be json, csv or text, not {printable(wanted.form)}.")


def _list(wanted: Wanted, records: Records, since: float, curtain: Curtain) -> None:
    limit = _limit(wanted)
    found = records.latest(since=since, failed=wanted.failed, limit=limit + 1 if limit else None)
    shown = found[:limit] if limit else found
    if wanted.json:
        from twilio_rt_cli.history.export import json_line, summary

        for record in shown:
            console.data(json_line(summary(record, curtain)))
    elif shown:
        for line in calls_table(shown, curtain, time.time(), _width()):
            console.data(line)
    if not shown:
        _say_none(records, filtered=wanted.failed or wanted.since is not None)
    elif len(found) > len(shown):
        console.say(f"These are the newest {len(shown)}; --limit N shows more, --limit 0 all.")


def _list_refused(wanted: Wanted, records: Records, since: float, curtain: Curtain) -> None:
    found = records.refused(since=since, limit=_limit(wanted) or None)
    if wanted.json:
        from twilio_rt_cli.history.export import json_line, refusal

        for one in found:
            console.data(json_line(refusal(one, curtain)))
    elif found:
        for line in refused_table(found, curtain, _width()):
            console.data(line)
    if not found:
        console.say("No call was turned away.")


def _show(wanted: Wanted, records: Records, curtain: Curtain) -> None:
    from twilio_rt_cli.history.export import json_line, whole
    from twilio_rt_cli.history.page import call_page, transcript_lines

    record = _the_one(records, wanted.ids[0])
    events = records.events(record.number)
    if wanted.json:
        console.data(json_line(whole(record, events, curtain)))
        return
    make = transcript_lines if wanted.text else call_page
    for line in make(record, events, curtain, _width()):
        console.data(line)


def _export(wanted: Wanted, records: Records, since: float, curtain: Curtain) -> None:
    numbers = [_the_one(records, name).number for name in wanted.ids] or records.numbers(since=since)
    found = (record for number in numbers if (record := records.record(number)) is not None)
    make = {"json": _json, "csv": _csv, "text": _text}[wanted.form]
    with _out(wanted) as write:
        for line in make(found, records, curtain):
            write(line)
    if not numbers:
        _say_none(records, filtered=wanted.since is not None)
    elif wanted.output is not None:
        console.say(f"{len(numbers)} {'call' if len(numbers) == 1 else 'calls'} written to {wanted.output}")


def _json(found: Iterable[Record], records: Records, curtain: Curtain) -> Iterator[str]:
    from twilio_rt_cli.history.export import json_line, whole

    for record in found:
        yield json_line(whole(record, records.events(record.number), curtain))


def _csv(found: Iterable[Record], _: Records, curtain: Curtain) -> Iterator[str]:
    import csv
    import io

    from twilio_rt_cli.history.export import CSV_COLUMNS, csv_row

    def line(cells: Iterable[object]) -> str:
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(cells)
        return row.getvalue()

    yield line(CSV_COLUMNS)
    for record in found:
        yield line(csv_row(record, curtain))


def _text(found: Iterable[Record], records: Records, curtain: Curtain) -> Iterator[str]:
    from twilio_rt_cli.history.page import transcript_lines

    for number, record in enumerate(found):
        if number:
            yield ""
        yield from transcript_lines(record, records.events(record.number), curtain, None)


@contextmanager
def _out(wanted: Wanted) -> "Iterator[Callable[[str], None]]":
    """Where an export goes: stdout, or a file that only this user can read, which is there whole or not at all."""
    if wanted.output is None:
        yield console.data
        return
    from twilio_rt_cli.machine.state import private_file

    path = Path(wanted.output)
    if path.exists() and not wanted.yes:
        raise NeedsConsentError(f"{path} is there already.", hint="Add --yes to overwrite it, or name another file.")
    try:
        with private_file(path) as file:
            yield lambda line: print(line, file=file)
    except OSError as error:
        raise ServerError(f"{path} cannot be written ({error.strerror or error}).") from error


def _the_one(records: Records, name: str) -> Record:
    found = records.named(name.strip().lstrip("…"))
    if len(found) == 1:
        return found[0]
    told = printable(name)
    if not found:
        hint = "twilio-rt calls lists them; an ending of a Call SID has at least 4 characters."
        raise SettingsError(f"No call is recorded as {told}.", hint=hint)
    candidates = [f"record {one.number}: {one.call_sid}, {local_time(one.started_at)}" for one in found]
    rest = len(candidates) - _MOST_CANDIDATES
    more = [f"and {rest} more"] if rest > 0 else []
    hint = "\n".join(candidates[:_MOST_CANDIDATES] + more)
    raise SettingsError(f"{told} may be one of {len(found)} calls; name more of its Call SID.", hint=hint)


def _limit(wanted: Wanted) -> int:
    text = wanted.limit
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SettingsError(f"--limit must be a whole number, not {printable(text)}.")
    return int(text)


def _width() -> int | None:
    import sys

    return console.width(sys.stdout)


def _say_none(records: Records, *, filtered: bool) -> None:
    if filtered:
        console.say("No such call is recorded.")
        return
    console.say(f"No calls are recorded yet in {records.path.parent}.")
    console.say("twilio-rt serve keeps a record of each call, unless RECORDS is false.")
