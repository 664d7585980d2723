"""`twilio-rt calls`: what is asked is told, of real records, in words, tables and JSON; and at once."""

import csv
import json
import os
import pty
import re
import resource
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.records.world import (
    BEGAN,
    CALLER,
    OURS,
    STORY,
    begin,
    fill,
    listening,
    no_notes,
    noted,
    over,
    settled,
    sid,
    statistics,
    stream,
    tell,
)
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics, figures
from twilio_rt_cli.call.notices import CallerTurn, CallOver
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.machine.process import Process
from twilio_rt_cli.records.listener import RecordListener
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.records.store import Begun, Store
from twilio_rt_cli.records.writer import Writer
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal

HEADS = ["NO", "CALL", "STARTED", "FROM", "TO", "LENGTH", "TURNS", "V2V MS", "BARGE", "EST $", "HEALTH", "ENDED"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECORDS_DIR", str(tmp_path / "records"))
    monkeypatch.delenv("SHOW_NUMBERS", raising=False)
    return tmp_path / "records"


@pytest.fixture
def three(folder: Path) -> Path:
    """Three calls: one that went well, one that failed, one in progress."""
    with listening(folder) as listener:
        tell(listener, 1, BEGAN)
        tell(listener, 2, BEGAN + 60, end=over(EndReason.MODEL_GONE, "1006"))
        begin(listener, 3, BEGAN + 120)
        listener.on_server(BEGAN, CallRefused(Refusal.BUSY, sid(4), "12 of 12"))
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["calls", *words])


def told(*words: str) -> str:
    result = run(*words)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def objects(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told(*words).splitlines()]


def refused(*words: str, code: int = 2) -> str:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    return result.stderr


@pytest.mark.parametrize("words", [[], ["list", "--json"], ["list", "--failed"], ["export"]])
def test_without_records_there_is_a_sentence_and_no_file(words: list[str], folder: Path) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "recorded" in result.stderr
    assert not folder.exists()


def test_the_list_is_plain_and_whole_where_there_is_no_terminal(three: Path) -> None:
    head, *lines = told().splitlines()
    assert re.split(r"  +", head.strip()) == HEADS
    assert [re.split(r"  +", line.strip())[0] for line in lines] == ["3", "2", "1"]
    assert lines[1].endswith("failed   model gone")
    assert lines[2].endswith("healthy  caller hung up")
    assert f"…{sid(1)[-8:]}" in lines[2]
    assert CALLER not in told()


def test_what_is_listed_can_be_narrowed(three: Path) -> None:
    assert [one["number"] for one in objects("list", "--json", "--failed")] == [2]
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(BEGAN + 60))
    assert [one["number"] for one in objects("list", "--json", "--since", since)] == [3, 2]
    result = run("--limit", "1")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["NO", "3"]
    assert result.stderr == "These are the newest 1; --limit N shows more, --limit 0 all.\n"
    assert len(told("--limit", "0").splitlines()) == 4
    assert run("--since", "2090-01-01").stderr == "No such call is recorded.\n"


def test_calls_that_were_turned_away(three: Path, folder: Path) -> None:
    (line,) = told("list", "--refused").splitlines()[1:]
    assert line.split()[-4:] == ["busy", "12", "of", "12"]
    (one,) = objects("list", "--refused", "--json")
    assert (one["call"], one["reason"], one["detail"]) == (sid(4), "busy", "12 of 12")
    assert run("list", "--refused", "--since", "2090-01-01").stderr == "No call was turned away.\n"


def test_a_call_is_told_as_a_page(three: Path) -> None:
    page = told("show", "1")
    assert page.splitlines()[:7] == [
        f"call     {sid(1)}, record 1",
        f"stream   {stream(1)}",
        "from     ••••0142 to ••••0100",
        f"began    {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(BEGAN))}, 0:09 long",
        "ended    caller hung up (stop)",
        "health   healthy",
        "figures  1 turn, 1 barge-in, 1 tool call, first audio after 300 ms, v2v 900 ms (p95 900), some $0.012",
    ]
    assert "with     model gpt-realtime-2.1, tools check, voice marin" in page


def test_a_cost_that_is_known_in_part_is_told_as_such(folder: Path) -> None:
    counted = CallStatistics(cost_at_least_usd=0.0123)
    with listening(folder) as listener:
        tell(listener, 1, end=CallOver(EndReason.CALLER_HUNG_UP, "", 9000.0, counted))
        tell(listener, 2, end=CallOver(EndReason.CALLER_HUNG_UP, "", 9000.0, CallStatistics()))
    assert ", cost not known, at least some $0.012\n" in told("show", "1")
    assert ", cost not known\n" in told("show", "2")
    (one,) = objects("show", "1", "--json")
    assert (one["cost_usd"], one["statistics"]["cost_at_least_usd"]) == (None, 0.0123)


def test_the_transcript_has_what_was_really_heard(three: Path) -> None:
    _, *lines = told("show", sid(1), "--text").splitlines()
    assert lines == [
        "  0:00.3  agent    Hello.",
        "  0:03.0  caller   When are you open?",
        '  0:05.2  tool     check({"day":"2026-11-26"})',
        "  0:05.3  tool     check → free",
        "  0:05.4  agent    We are open from nine in the morning until six.…  700 ms",
        "                   ≈ heard: We are open from nine",
        "  0:08.0  keys     5#",
    ]
    assert told("export", "--format", "text", "1") == told("show", "1", "--text")
    assert "Nothing was said." in told("show", "3", "--text")


def test_an_object_holds_all_that_is_known(three: Path) -> None:
    (one,) = objects("show", sid(1)[-6:], "--json")
    assert (one["v"], one["number"], one["call"], one["stream"]) == (1, 1, sid(1), stream(1))
    assert (one["from"], one["to"]) == ("••••0142", "••••0100")
    assert (one["started"], one["ended"]) == ("2026-11-25T12:00:00.000Z", "2026-11-25T12:00:09.000Z")
    assert (one["reason"], one["failed"], one["in_progress"], one["health"]) == (
        "caller_hung_up",
        False,
        False,
        "healthy",
    )
    assert one["statistics"] == figures(statistics())
    assert one["configuration"] == {"model": "gpt-realtime-2.1", "voice": "marin", "tools": ["check"]}
    assert [line["heard_estimate"] for line in one["transcript"]].count("We are open from nine") == 1
    assert [event["sequence"] for event in one["events"]] == list(range(len(STORY)))
    assert {event["type"] for event in one["events"]} >= {"call.turn", "call.tool", "call.barge_in", "call.dtmf"}
    assert one["events_lost"] == 0
    assert objects("export", "1") == [one]


def test_a_call_in_progress_is_told_as_such(three: Path) -> None:
    (one,) = objects("show", "3", "--json")
    assert (one["in_progress"], one["reason"], one["ended"], one["statistics"]) == (True, None, None, None)
    assert "ended    in progress\n" in told("show", "3")


def test_a_call_whose_server_died_is_told_as_failed_before_the_next_start(three: Path, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "calls.sqlite")) as file, file:
        file.execute("UPDATE calls SET pid = ? WHERE id = 3", (2**22 + 1,))
    page = told("show", "3").splitlines()
    assert page[4:6] == ["ended    cut off (the server died while this call went on)", "health   failed"]
    assert [one["number"] for one in objects("list", "--json", "--failed")] == [3, 2]


def test_the_figures_of_a_call_that_was_cut_off_are_told_as_those_of_a_moment(folder: Path) -> None:
    store = Store(folder / NAME)
    begun = Begun(sid(1), stream(1), CALLER, OURS, BEGAN, Process.current(), "{}")
    store.note(begun, noted(BEGAN + 70, 70_000))
    store.close()
    as_of = f"; as of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(BEGAN + 70))}\n"
    page = told("show", "1")
    assert ", 1:10 so far\n" in page
    assert page.endswith(as_of + "\nNothing was said.\n")
    (one,) = objects("show", "1", "--json")
    assert (one["in_progress"], one["ended"], one["as_of"]) == (True, None, "2026-11-25T12:01:10.000Z")
    with closing(sqlite3.connect(folder / NAME)) as file, file:
        file.execute("UPDATE calls SET pid = ?", (2**22 + 1,))
    for _ in range(2):
        page = told("show", "1")
        assert ", at least 1:10 long\nended    cut off (the server died while this call went on)\n" in page
        assert "\nfigures  1 turn, 0 barge-ins, " in page
        assert as_of in page
        (one,) = objects("show", "1", "--json")
        assert (one["reason"], one["duration_ms"], one["as_of"]) == ("cut_off", 70_000, "2026-11-25T12:01:10.000Z")
        assert one["statistics"] == figures(statistics())
        assert " ≥1:10 " in told()
        with Writer(folder / NAME).running(no_notes):  # the next server closes the record
            pass


def test_times_are_told_to_a_tenth_of_a_millisecond(folder: Path) -> None:
    counted = CallStatistics(v2v_ms=[1937.9999999982829])
    with listening(folder) as listener:
        tell(listener, end=CallOver(EndReason.CALLER_HUNG_UP, "", 56509.878396987915, counted))
    (one,) = objects("list", "--json")
    assert (one["duration_ms"], one["v2v_p50_ms"]) == (56509.9, 1938.0)
    (row,) = csv.DictReader(told("export", "--format", "csv").splitlines())
    assert (row["duration_ms"], row["v2v_p50_ms"]) == ("56509.9", "1938.0")


def test_an_export_holds_every_call_oldest_first(three: Path) -> None:
    assert [one["number"] for one in objects("export")] == [1, 2, 3]
    assert [one["number"] for one in objects("export", "--format", "json", "3", "1")] == [3, 1]
    rows = list(csv.DictReader(told("export", "--format", "csv").splitlines()))
    assert [(row["number"], row["reason"], row["failed"]) for row in rows] == [
        ("1", "caller_hung_up", "false"), ("2", "model_gone", "true"), ("3", "", "false")
    ]  # fmt: skip
    assert (rows[0]["tool_calls"], rows[0]["first_audio_ms"], rows[0]["from"]) == ("1", "300.0", "••••0142")
    text = told("export", "--format", "text")
    assert [line.partition(",")[0] for line in text.splitlines() if line.startswith("CA")] == [sid(1), sid(2), sid(3)]


def test_numbers_are_shown_on_request(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = (["--json"], ["show", "1"], ["show", "1", "--json"], ["export", "--format", "csv"], ["show", "1", "--text"])
    for words in ([], *forms):
        assert not {CALLER, OURS} & set(re.findall(r"\+\d+", told(*words)))
    monkeypatch.setenv("SHOW_NUMBERS", "true")
    for words in ([], *forms):
        assert {CALLER, OURS} == set(re.findall(r"\+\d{9,}", told(*words)))


def test_what_a_caller_says_has_no_power_over_terminal_or_spreadsheet(folder: Path) -> None:
    with listening(folder) as listener:
        tell(listener, 1, caller="=cmd\x1b[2J\x9b", story=[(1, CallerTurn("\x1b]0;me\x07 \x9b2J", spoken_at_ms=10))])
    for words in ([], ["--json"], ["show", "1"], ["show", "1", "--text"], ["show", "1", "--json"], ["export"]):
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told(*words)) == []
    (row,) = csv.DictReader(told("export", "--format", "csv").splitlines())
    assert row["from"] == "'=cmd\\x1b[2J\\x9b"
    (one,) = objects("show", "1", "--json")
    assert one["transcript"][0]["text"] == "\x1b]0;me\x07 \x9b2J"


def test_a_file_is_written_for_this_user_alone_and_not_over_another(three: Path, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    result = run("export", "--format", "csv", "--output", str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"3 calls written to {path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == told("export", "--format", "csv")
    path.write_text("mine")
    assert "Add --yes to overwrite it" in refused("export", "--output", str(path), code=6)
    assert path.read_text() == "mine"
    assert run("export", "--output", str(path), "--yes", "2").exit_code == 0
    assert json.loads(path.read_text())["number"] == 2
    assert "cannot be written" in refused("export", "--output", str(tmp_path / "no" / "folder.csv"), code=1)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["calls.csv", "records"]


def test_who_is_not_known_and_who_may_be_several(three: Path, folder: Path) -> None:
    assert "No call is recorded as nobody." in refused("show", "nobody")
    assert "No call is recorded as nobody." in refused("export", "nobody")
    with listening(folder) as listener:
        begin(listener, 1, BEGAN + 500)  # the same Call SID once more
    complaint = refused("show", sid(1))
    assert f"{sid(1)} may be one of 2 calls" in complaint
    assert f"record 1: {sid(1)}, " in complaint
    assert f"record 4: {sid(1)}, " in complaint
    assert told("show", f"…{sid(2)[-8:]}") == told("show", "2")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["9f2a1b3c"], "calls knows list, show and export, not 9f2a1b3c."),
        (["show"], "calls show takes one call."),
        (["show", "1", "2"], "calls show takes one call."),
        (["list", "1"], "calls list takes no call."),
        (["show", "1", "--failed"], "--failed does not go with calls show."),
        (["--format", "csv"], "--format does not go with calls list."),
        (["--limit", "many"], "--limit must be a whole number, not many."),
        (["--limit", "-1"], "--limit must be a whole number, not -1."),
        (["--since", "long ago"], "--since is not a time: 'long ago'."),
        (["export", "--format", "xml"], "--format must be json, csv or text, not xml."),
        (["export", "1", "--since", "1d"], "--since and single calls do not go together."),
        (["show", "1", "--json", "--text"], "--json and --text do not go together."),
        (["--no-such"], "No such option: --no-such"),
    ],
)
def test_wrong_usage_is_exit_2(words: list[str], complaint: str, three: Path) -> None:
    assert complaint in refused(*words)


def test_a_bad_setting_is_told_and_others_do_not_matter(monkeypatch: pytest.MonkeyPatch, three: Path) -> None:
    monkeypatch.setenv("PORT", "many")
    assert told("--limit", "0")
    monkeypatch.setenv("SHOW_NUMBERS", "perhaps")
    assert "SHOW_NUMBERS must be true or false, not 'perhaps'." in refused()


def test_a_damaged_file_is_told_in_a_sentence(folder: Path) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(b"poems " * 1000)
    assert "cannot be read: file is not a database." in refused(code=1)


def test_calls_are_listed_while_a_server_writes(folder: Path) -> None:
    writer = Writer(folder / NAME, pause_s=0.001)
    listener = RecordListener(writer, {})
    with writer.running(listener.notes):
        for number in range(1, 4):
            tell(listener, number, BEGAN + number)
            settled(writer)
            assert len(objects("--json")) == number
    assert writer.dropped == 0


# As processes of their own


PROGRAM = [sys.executable, "-m", "twilio_rt_cli"]
COMMAND = [*PROGRAM, "calls"]


def test_on_a_terminal_the_table_fits(three: Path) -> None:
    for columns in (60, 80, 200):
        terminal, ours = pty.openpty()
        os.environ.pop("COLUMNS", None)
        subprocess.run(["stty", "cols", str(columns), "rows", "24"], stdin=ours, check=True)
        done = subprocess.run(COMMAND, stdout=ours, stderr=subprocess.PIPE, stdin=ours, check=True, timeout=60)
        os.close(ours)
        shown = read_all(terminal).decode()
        assert done.stderr == b""
        lines = shown.splitlines()
        assert len(lines) == 4
        assert max(map(len, lines)) <= columns
        assert (" TO " in lines[0]) is (columns == 200)


def read_all(terminal: int) -> bytes:
    found = b""
    try:
        while chunk := os.read(terminal, 65536):
            found += chunk
    except OSError:  # Linux: all other ends are closed
        pass
    finally:
        os.close(terminal)
    return found


@pytest.fixture(scope="module")
def ten_thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    fill(folder, 10_000, BEGAN)
    return folder


def test_a_reader_who_left_is_no_error(ten_thousand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDS_DIR", str(ten_thousand))
    with subprocess.Popen([*COMMAND, "--limit", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"   NO")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def processor_s(*words: str) -> float:
    """What a run takes of the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*PROGRAM, *words], capture_output=True, check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_ten_thousand_calls_take_little_longer_than_the_version(
    ten_thousand: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other work on the machine slows both: the best of each tells. With pydantic it would be three times as long."""
    monkeypatch.setenv("RECORDS_DIR", str(ten_thousand))
    pairs = [(processor_s("calls", "list"), processor_s("--version")) for _ in range(5)]
    assert min(taken for taken, _ in pairs) < 2 * min(least for _, least in pairs)


@pytest.mark.acceptance
def test_ten_thousand_calls_are_listed_within_three_tenths_of_a_second(
    ten_thousand: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECORDS_DIR", str(ten_thousand))
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([*COMMAND, "list"], capture_output=True, check=True, timeout=60)
        taken.append(time.perf_counter() - began)
    with capsys.disabled():
        sys.stdout.write(f"\ncalls list of 10,000: median {median(taken):.3f} s, best {min(taken):.3f} s\n")
    assert median(taken) < 0.3


@pytest.mark.parametrize(
    "words", [["list", "--limit", "5"], ["--since", "1d"], ["show", "1"], ["export", "--format", "csv"]]
)
def test_nothing_heavy_is_imported(words: list[str], three: Path) -> None:
    heavy = {"asyncio", "numpy", "pydantic", "rich", "twilio_rt_cli.settings.groups"}
    code = f"""
import sys
from twilio_rt_cli.cli.app import app
try:
    app({["calls", *words]!r}, prog_name="twilio-rt")
finally:
    print("\\nloaded:", *sorted({heavy!r} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("\nloaded:")
