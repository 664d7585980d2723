"""Screens as text: what stands where, at every size, whatever is told."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from tests.live.rich_text import render
from tests.live.scene import AT, EVENTS, detail, idle, row, sid, snapshot, statistics
from twilio_rt_cli.live.snapshot import CallDetail, RecentEvent, Snapshot, TranscriptLine
from twilio_rt_cli.live.text import ansi
from twilio_rt_cli.live.view import Look, Page, plain, room_for, screen_lines

HOSTILE = "a\x1b[2J\x07\r\n\u202e日本語👩\u200d⚕\ufe0f\udc80\u0301" * 9


@pytest.fixture(autouse=True)
def _greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def shown(server: Snapshot, width: int, height: int, **look: object) -> list[str]:
    return [line.rstrip() for line in render(server, replace_look(width, height, look)).plain.split("\n")]


def replace_look(width: int, height: int, changed: dict[str, object]) -> Look:
    return Look(width, height, **changed)  # type: ignore[arg-type]


def test_at_80_columns() -> None:
    assert shown(snapshot(12), 80, 24, selected=sid(5)) == [
        " ● serving  https://ab12-34-56-78.ngrok-free.app  ••••0100  up 2:14:09",
        " calls   12/1000   ended ok    44   failed   ✗ 1   refused    2   degraded   ▲ 2",
        " v2v p50  780 p95 1140 ms  ▆▅█▇  est $  0.440  lag p99   3 ms  cpu   7%   142 MB",
        "  CALL  FROM     STATE           AGE TURNS V2V ms BUF ms GAPS  KBIT/S  EST $",
        "  …0001 ••••7919 listening      0:13     1      –      0    0    64/0  0.011",
        "  …0002 ••••5838 caller         0:26     2    742      0    0    64/0  0.022",
        "  …0003 ••••3757 thinking       0:39     3    743      0    0    64/0  0.033",
        "  …0004 ••••1676 tool:check…    0:52     4    744      0    0    64/0  0.044",
        "▸▲…0005 ••••9595 connecting     1:05     5  ▲2140      0    0    64/0  0.055",
        "  …0006 ••••7514 ending         1:18     6    746      0    0    64/0  0.066",
        " ✗…0007 ••••5433 speaking       1:31     7    747    240    0   64/64  0.077",
        "  …0008 ••••3352 listening      1:44     8    748      0    0    64/0  0.088",
        "  …0009 ••••1271 caller         1:57     9    749      0    0    64/0  0.099",
        " ▲…000a ••••9190 thinking       2:10    10  ▲2140      0    0    64/0  0.110",
        "  …000b ••••7109 tool:check…    2:23    11    751      0    0    64/0  0.121",
        "  …000c ••••5028 connecting     2:36    12    752      0    0    64/0  0.132",
        "",
        "─" * 80,
        "▸ CA17156075000000000000000000000005  ▲ answers take 2140 ms",
        " 09:46:13 …0002 cut     the caller interrupts the agent  1.24 of 3.10 s heard",
        " 09:46:20       refused all places are taken",
        " 09:46:28 …0063 ✗ error   the model went away: 1006  0:04, 1 turn",
        " 09:46:36 …0003 ended   the caller hung up  1:34, 4 turns, 1 barge-in",
        " ↑↓ select   t transcript   h hang up   ? help   q drain and quit",
    ]


def test_at_120_columns_there_is_more_to_see() -> None:
    lines = shown(snapshot(12), 120, 40, selected=sid(5))
    assert lines[0] == (
        " ● serving  https://ab12-34-56-78.ngrok-free.app  ••••0100  gpt-realtime-2.1  up 2:14:09  twilio-rt 0.1.0"
    )
    assert lines[2] == (
        " v2v p50  780 p95 1140 ms  ▄█▇▆▅█▇▆▅▄█▇▆▅█▇▆▅▄█▇▆▅█▇▆▅▄█▇          "
        "  est $  0.440  lag p99   3 ms  cpu   7%   142 MB"
    )
    assert lines[3] == (
        "  CALL  FROM     STATE           AGE TURNS V2V ms P95 ms BUF ms LAG ms GAPS JIT ms BARGE STOP ms  KBIT/S"
        "   TOK  EST $"
    )
    assert lines[10] == (
        " ✗…0007 ••••5433 speaking       1:31     7    747    987    240      4    0     10     3     117   64/64"
        "  3.6k  0.077"
    )
    assert len(lines) == 40


def test_at_200_columns_every_column_is_there() -> None:
    lines = shown(snapshot(12), 200, 50, selected=sid(5))
    assert lines[3] == (
        "  CALL  FROM     TO       STATE           AGE TURNS V2V ms P95 ms BUF ms HELD ms LAG ms GAPS JIT ms BARGE"
        " STOP ms  KBIT/S MARKS TOOLS   TOK  EST $ CONN ms 1ST ms WHY"
    )
    assert lines[8] == (
        "▸▲…0005 ••••9595 ••••0100 connecting     1:05     5  ▲2140  ▲2290      0       0      4    0      8     1"
        "     115    64/0     2     2  2.6k  0.055     217    645 answers take 2140 ms"
    )


@pytest.mark.parametrize("calls", [0, 1, 12, 500])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 50), (79, 13), (40, 9), (20, 5), (3, 2)])
def test_every_line_has_the_width_of_the_screen(calls: int, width: int, height: int) -> None:
    server = snapshot(calls, rows=60) if calls else idle()
    for page in Page:
        text = render(server, Look(width, height, page=page, selected=sid(1)), detail(sid(1)))
        lines = text.plain.split("\n")
        assert len(lines) == height
        assert {cell_len(line) for line in lines} == {width}


def test_of_many_calls_those_in_sight_are_shown_and_the_others_counted() -> None:
    top, rows = 100, room_for(24, 500).rows
    lines = shown(snapshot(500, first=95, rows=40), 80, 24, top=top, selected=sid(105))
    assert lines[4].startswith(f"  …{sid(101)[-4:]}")
    assert lines[8].startswith(f"▸▲…{sid(105)[-4:]}")
    assert lines[3 + rows].startswith(f" ▲…{sid(100 + rows)[-4:]}") or lines[3 + rows].startswith(
        f"  …{sid(100 + rows)[-4:]}"
    )
    assert lines[4 + rows].startswith(f"── ↑ {top} more ── ↓ {500 - top - rows} more ─")


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (idle(), "  Call ••••0100 now."),
        (
            idle(number=None),
            "  No calls. Let a number's voice webhook be https://ab12-34-56-78.ngrok-free.app/incoming-call",
        ),
        (idle(number=None, public_url=None), "  No calls. Try: twilio-rt call-test http://127.0.0.1:5001"),
        (idle(state="draining"), "  No calls are left."),
    ],
)
def test_while_nobody_calls_it_says_what_to_do(server: Snapshot, told: str) -> None:
    assert shown(server, 120, 24)[5] == told


def test_what_was_not_observed_is_not_a_zero() -> None:
    lines = shown(idle(), 80, 24)
    assert lines[2].startswith(" v2v p50    – p95    – ms  est $    n/a")


def test_events_have_the_room_that_calls_do_not_need_and_logs_stand_among_them() -> None:
    logs = (RecentEvent(AT - 22, "", "log", "the tunnel is down: refused"),)
    lines = [line.rstrip() for line in render(snapshot(2), Look(80, 24), logs=logs).plain.split("\n")]
    assert lines[9].startswith("───")
    assert lines[11].endswith("Hello, this is the practice of Doctor Miller. How can I…")
    assert lines[17] == " 09:46:18       log     the tunnel is down: refused"
    assert lines[18] == " 09:46:20       refused all places are taken"


def test_an_event_that_tells_of_something_wrong_is_whole() -> None:
    logs = (RecentEvent(AT, "", "refused", "BLOCK_CALLERS names the caller", wrong=True),)
    lines = [line.rstrip() for line in render(snapshot(2), Look(80, 24), logs=logs).plain.split("\n")]
    assert " 09:46:40       ✗ refused BLOCK_CALLERS names the caller" in lines


def test_draining_says_how_many_calls_remain_and_what_forces() -> None:
    lines = shown(snapshot(2, state="draining"), 80, 24)
    assert lines[0].startswith(" ◌ draining, 2 calls left")
    assert lines[-1].endswith("Ctrl-C end all calls now")
    assert "1 call left" in shown(snapshot(1, state="draining"), 80, 24)[0]


def test_attached_to_a_server_q_only_quits_and_trouble_is_told() -> None:
    lines = shown(snapshot(2), 80, 24, attached=True, trouble="no answer for 4 s")
    assert lines[0].startswith(" ✗ no answer for 4 s")
    assert lines[-1].endswith("q quit")


def test_a_question_and_a_message_stand_in_place_of_the_keys() -> None:
    assert shown(snapshot(2), 80, 24, question="Hang up …0001?")[-1] == " Hang up …0001?  y/N"
    assert shown(snapshot(2), 80, 24, message="hanging up …0001")[-1] == " hanging up …0001"


def test_the_transcript_page() -> None:
    look = Look(80, 12, page=Page.TRANSCRIPT, selected=sid(9))
    lines = [line.rstrip() for line in render(snapshot(9), look, detail(sid(9))).plain.split("\n")]
    assert lines[1] == "── transcript of …0009 " + "─" * 57
    assert lines[-2] == "    0:08  cut     the caller interrupts the agent  1.24 of 3.10 s heard"
    assert lines[-1] == " ↑↓ scroll   End newest   h hang up   Esc back   q drain and quit"


def test_without_colour_nothing_is_coloured_and_glyphs_tell_it() -> None:
    slow = replace(snapshot(12).lag, p99_ms=240.0)
    lines = screen_lines(snapshot(12, lag=slow), Look(120, 40, colour=False, selected=sid(5)))
    raw = "\n".join(ansi(line, colour=False) for line in lines)
    codes = {code for part in raw.split("\x1b[")[1:] for code in part.partition("m")[0].split(";")}
    assert codes == {"0", "1", "2", "7"}
    assert all(told in raw for told in ("▸", "▲", "✗", "▲240 ms"))


def test_as_plain_lines_there_is_no_escape_and_every_call() -> None:
    lines = plain(snapshot(500, rows=30), 120)
    assert "  and 470 more" in lines
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)
    assert len(lines) == 3 + 1 + 30 + 1 + len(EVENTS)
    assert "  Call ••••0100 now." in plain(idle(), 80)


ODD = st.one_of(st.text(max_size=40), st.just(HOSTILE), st.just(""))
FIGURE = st.one_of(st.none(), st.floats(0, 1e9))


@st.composite
def servers(draw: st.DrawFn) -> Snapshot:
    """Anything that a server may tell, with words that mean no good."""
    call = row(
        draw(st.integers(1, 9)),
        call=draw(ODD),
        from_number=draw(ODD),
        to_number=draw(ODD),
        state=draw(ODD),
        health=draw(st.sampled_from(["healthy", "degraded", "failed", "odd"])),
        why=draw(ODD),
        v2v_ms=draw(FIGURE),
        age_s=draw(st.floats(-1, 1e9)),
        statistics=statistics(1, cost_usd=draw(FIGURE), jitter_ms=draw(FIGURE)),
    )
    event = RecentEvent(draw(st.floats(0, 4e9)), draw(ODD), draw(ODD), draw(ODD), draw(ODD), draw(st.booleans()))
    server = snapshot(0, number=draw(ODD), public_url=draw(st.one_of(st.none(), ODD)), model=draw(ODD))
    active = draw(st.sampled_from([0, 1, 3, 700]))
    totals = replace(server.totals, active=active, v2v_p95_ms=draw(FIGURE))
    return replace(server, totals=totals, calls=(call,) * min(3, active), events=(event,) * 3, state=draw(ODD))


LOOKS = st.builds(
    Look,
    st.integers(1, 210),
    st.integers(1, 60),
    page=st.sampled_from(Page),
    scroll=st.integers(0, 9),
    question=ODD,
    message=ODD,
    trouble=ODD,
)


@settings(max_examples=60)
@given(servers(), LOOKS, ODD)
def test_no_size_and_no_word_breaks_the_screen(server: Snapshot, look: Look, words: str) -> None:
    said = CallDetail(row(1, call=words), (TranscriptLine(1e3, words, words, words),) * 5)
    lines = render(server, look, said).plain.split("\n")
    assert len(lines) == look.height
    assert {cell_len(line) for line in lines} == {look.width}
    assert all(line.isprintable() for line in lines)
    assert all(line.isprintable() for line in plain(server, look.width))
