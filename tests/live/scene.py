"""Servers to look at: snapshots of a few calls or of many, with nothing behind them.

`python -m tests.live.scene [CALLS]` shows one in the live view, moving, until `q` or Ctrl-C.
"""

import asyncio
import os
import signal
import sys
import time

from msgspec.structs import replace

from twilio_rt_cli.call.figures.statistics import CallStatistics, Tokens
from twilio_rt_cli.live.screen import Screen, ScreenOptions
from twilio_rt_cli.live.snapshot import CallDetail, CallRow, LagFigures, RecentEvent, Snapshot, Totals, TranscriptLine
from twilio_rt_cli.live.summary import server_summary

AT = 1_795_600_000.0
URL = "https://ab12-34-56-78.ngrok-free.app"
STATES = ("speaking", "listening", "caller", "thinking", "tool:check_slot", "connecting", "ending")
SAID = (
    TranscriptLine(0, "ready", "the model listens", "212 ms"),
    TranscriptLine(640, "agent", "Hello, this is the practice of Doctor Miller. How can I help you today?"),
    TranscriptLine(5_120, "caller", "I would like to come by on Tuesday, if there is anything in the morning."),
    TranscriptLine(6_200, "tool", "check_slot(day=2026-11-24, at=10:00)"),
    TranscriptLine(6_212, "tool", '→ {"free":true}', "12 ms"),
    TranscriptLine(6_900, "agent", "Tuesday at ten o'clock is free. Shall I…", "760 ms"),
    TranscriptLine(8_400, "cut", "the caller interrupts the agent", "1.24 of 3.10 s heard"),
)


def sid(number: int) -> str:
    return f"CA{number * 0x9E3779B1 % 16**8:08x}{number:024x}"[:34]


def statistics(number: int, **changed: object) -> CallStatistics:
    counted = CallStatistics(
        frames_in=500 * number,
        frames_out=400 * number,
        bytes_in=80_000 * number,
        bytes_out=64_000 * number,
        turns=number,
        barge_ins=number % 4,
        barge_in_stop_ms=[110.0 + number] * (number % 4),
        tool_calls=number % 3,
        jitter_ms=3.0 + number,
        marks_sent=20 + number,
        marks_echoed=18 + number,
        input_tokens=400 * number,
        output_tokens=120 * number,
        tokens=Tokens(input_audio=400 * number, output_audio=120 * number),
        cost_usd=0.011 * number,
        first_audio_ms=640.0 + number,
        model_connect_ms=212.0 + number,
        v2v_ms=[760.0 + number] * number,
    )
    for name, value in changed.items():
        setattr(counted, name, value)
    return counted


def row(number: int, **changed: object) -> CallRow:
    """The call of this number, counted from 1; every fifth one is degraded."""
    late, ill = number % 5 == 0, number % 7 == 0
    made = CallRow(
        call=sid(number),
        stream=f"MZ{number:032x}",
        from_number=f"••••{number * 7919 % 10_000:04d}",
        to_number="••••0100",
        started_at=AT - 13.0 * number,
        age_s=13.0 * number,
        state=STATES[number % len(STATES)],
        health="degraded" if late else "failed" if ill else "healthy",
        why="answers take 2140 ms" if late else "model_gone" if ill else "",
        buffered_ms=3100 if number % 7 == 0 else 0,
        at_twilio_ms=240 if number % 7 == 0 else 0,
        playout_lag_ms=4.0,
        v2v_ms=2140.0 if late else 740.0 + number if number > 1 else None,
        v2v_p95_ms=2290.0 if late else 980.0 + number if number > 1 else None,
        kbps_in=64.0,
        kbps_out=64.0 if number % 7 == 0 else 0.0,
        statistics=statistics(number),
    )
    return replace(made, **changed)


EVENTS = (
    RecentEvent(AT - 41, sid(2), "agent", "Hello, this is the practice of Doctor Miller. How can I help?"),
    RecentEvent(AT - 33, sid(2), "caller", "I would like to come by on Tuesday."),
    RecentEvent(AT - 31, sid(2), "tool", "check_slot(day=2026-11-24, at=10:00)"),
    RecentEvent(AT - 31, sid(2), "tool", '→ {"free":true}', "12 ms"),
    RecentEvent(AT - 29, sid(2), "agent", "Tuesday at ten o'clock is free. Shall I…", "760 ms"),
    RecentEvent(AT - 27, sid(2), "cut", "the caller interrupts the agent", "1.24 of 3.10 s heard"),
    RecentEvent(AT - 20, "", "refused", "all places are taken"),
    RecentEvent(AT - 12, sid(99), "error", "the model went away: 1006", "0:04, 1 turn", wrong=True),
    RecentEvent(AT - 4, sid(3), "ended", "the caller hung up", "1:34, 4 turns, 1 barge-in"),
)


def snapshot(calls: int = 12, *, first: int = 0, rows: int | None = None, **changed: object) -> Snapshot:
    """A server with so many calls."""
    shown = [row(number) for number in range(1, calls + 1)][first : None if rows is None else first + rows]
    recent = tuple(700.0 + 90.0 * (number * 7 % 9) for number in range(30))
    made = Snapshot(
        at=AT,
        version="0.1.0",
        state="serving",
        url="http://127.0.0.1:5001",
        public_url=URL,
        number="••••0100",
        model="gpt-realtime-2.1",
        uptime_s=8049.0,
        capacity=1000,
        lag=LagFigures(0.4, 3.2, 11.8),
        rss_mb=142.0,
        cpu_percent=7.0,
        totals=Totals(
            started=45 + calls,
            active=calls,
            ended=45,
            failed=1,
            refused=2,
            degraded=calls // 5,
            v2v_p50_ms=780.0,
            v2v_p95_ms=1140.0,
            recent_v2v_ms=recent,
            statistics=statistics(40),
        ),
        first=first,
        calls=tuple(shown),
        events=EVENTS,
    )
    return replace(made, **changed)


def idle(**changed: object) -> Snapshot:
    """A server that nobody has called."""
    nothing = Totals(0, 0, 0, 0, 0, 0, None, None, (), CallStatistics())
    return replace(snapshot(0), **{"totals": nothing, "events": (), **changed})


def detail(call_sid: str) -> CallDetail | None:
    """What was said in one of the first 500 calls."""
    found = next((number for number in range(1, 501) if sid(number) == call_sid), None)
    return None if found is None else CallDetail(row(found), SAID * (1 + found % 9))


class Scene:
    """Acts a server: calls that grow older, and what a person ordered."""

    def __init__(self, calls: int = 12) -> None:
        self.calls = calls
        self.hung_up: list[str] = []
        self.state = "serving"
        self.asked: list[tuple[int, int]] = []
        self.drained = asyncio.Event()
        self._began = time.monotonic()

    def snapshot(self, first: int, rows: int) -> Snapshot:
        self.asked.append((first, rows))
        shown = snapshot(self.calls, first=first, rows=rows, state=self.state)
        age_s = time.monotonic() - self._began
        older = tuple(replace(one, age_s=one.age_s + age_s) for one in shown.calls)
        return replace(shown, calls=older, uptime_s=shown.uptime_s + age_s)

    def detail(self, call_sid: str) -> CallDetail | None:
        return detail(call_sid)

    def hang_up(self, call_sid: str) -> None:
        self.hung_up.append(call_sid)

    def drain(self) -> None:
        self.state = "draining"
        self.drained.set()


async def play(calls: int) -> None:
    """Show it until `q`, and a moment of draining after it."""
    scene = Scene(calls)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, scene.drain)
    colour = not os.environ.get("NO_COLOR")
    with Screen(scene, sys.stdout, sys.stdin, ScreenOptions(colour=colour)):
        await scene.drained.wait()
        await asyncio.sleep(0.6)
    print("\n".join(server_summary(scene.snapshot(0, 0))))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(play(int(sys.argv[1]) if len(sys.argv) > 1 else 12))
