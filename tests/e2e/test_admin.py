"""A running `serve`, seen from its admin port: what it tells there agrees with what it prints, to the last frame."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_serve import Caller, Serve, heard_more_than, run, serve
from tests.nursery.nursery import Nursery
from tests.scripted_model import Answer, Connection, FunctionCall, Script, Speech, scripted_model
from tests.test_event_schema import wrongs

SHOP = '''
import logging
from twilio_rt_cli.tools import tool

log = logging.getLogger("shop")

@tool
def ask_in_a_thread() -> str:
    """A plain function."""
    log.warning("asked in a thread")
    return "found"

@tool
async def ask_on_the_loop() -> str:
    """One that awaits."""
    log.warning("asked on the loop")
    return "found"

@tool
def break_down() -> str:
    """One that fails."""
    raise ValueError("no shop today")
'''
TOOLS = (FunctionCall("ask_in_a_thread"), FunctionCall("ask_on_the_loop"), FunctionCall("break_down"))
Event = dict[str, Any]


class Admin:
    """The admin port of a running server, and the lines that came from `/events`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.lines: list[str] = []
        self.figures = asyncio.Event()
        """`stats` came"""

    async def read(self, attached: asyncio.Event) -> None:
        async with self.http.stream("GET", "/events", timeout=30) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                self.lines.append(line)
                attached.set()
                if json.loads(line)["type"] == "stats":
                    self.figures.set()

    async def metrics(self) -> dict[str, float]:
        """`name label…` → value."""
        text = (await self.http.get("/metrics")).text
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        return {" ".join([one.name.removeprefix("twilio_rt_"), *one.labels.values()]): one.value for one in samples}


@asynccontextmanager
async def attached(server: Serve) -> AsyncIterator[Admin]:
    """Read events until the server ends."""
    [ready] = await server.until("server.ready")
    async with httpx.AsyncClient(base_url=ready["admin_url"], trust_env=False) as http, asyncio.TaskGroup() as group:
        admin, began = Admin(http), asyncio.Event()
        group.create_task(admin.read(began))
        await began.wait()
        yield admin


async def talk(server: Serve, model: Script) -> None:
    """A call with tools, an interruption and a caller who hangs up."""
    async with asyncio.TaskGroup() as group:
        caller = Caller()
        group.create_task(caller.call(server.url))
        connection = await model.connected()
        await server.until("call.tool", 2 * len(TOOLS))
        await interrupt(connection)
        await server.until("call.barge_in")
        await connection.finished()
        caller.hang_up.set()
    await server.until("call.ended")


async def interrupt(connection: Connection) -> None:
    """The caller speaks over the answer, once it is being heard."""
    heard = connection.caller_samples
    await connection.until(lambda one: len(one.audio_samples) == 2 and heard_more_than(heard + 8000)(one))
    await connection.speech(answer=Answer((Speech(500),)))


def log_lines(server: Serve) -> list[Event]:
    lines = [json.loads(line) for line in server.written.decode().splitlines() if line.startswith("{")]
    return [one for one in lines if "logger" in one]


def test_stdout_events_metrics_and_log_tell_the_same_of_the_same_calls(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)

    async def test() -> None:
        script = Script([Answer((Speech(500), *TOOLS)), Answer((Speech(20_000),))])
        settings = {"TOOLS": "shop.py", "LOG_FORMAT": "json", "ADMIN_PORT": "0"}
        async with scripted_model(script) as model, serve(nursery, tmp_path, model.url, **settings) as server:
            async with attached(server) as admin:
                await talk(server, model)
                await hang_up_by_hand(server, admin)
                assert (await admin.http.post(f"{server.url}/incoming-call")).status_code == 403
                await server.until("call.refused")
                metrics, snapshot = await admin.metrics(), (await admin.http.get("/calls")).json()
                await asyncio.wait_for(admin.figures.wait(), 5)
                server.process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(server.process.wait(), 5) == 0
            await server.until("server.stopped")
        check_lines(server, admin)
        check_totals(server, metrics, snapshot)
        check_log(server)

    run(test)


async def hang_up_by_hand(server: Serve, admin: Admin) -> None:
    async with asyncio.TaskGroup() as group:
        caller = Caller()
        group.create_task(caller.call(server.url))
        await asyncio.wait_for(caller.agent_spoke.wait(), 10)
        call = server.of("call.started")[1]["call"]
        detail = (await admin.http.get(f"/calls/{call}")).json()

        assert (detail["row"]["call"], detail["row"]["state"]) == (call, "speaking")
        assert (await admin.metrics())["calls_active"] == 1
        assert (await admin.http.post(f"/calls/{call}/hangup", headers={"Origin": "http://x"})).status_code == 403
        answer = await admin.http.post(f"/calls/{call}/hangup")
        assert answer.json() == {"call": call, "hung_up": True}
    assert caller.report is not None
    assert caller.report.executed[-1].endswith("/stream-ended")  # which hangs up, and says nothing
    [_, ended] = await server.until("call.ended", 2)
    assert (ended["reason"], ended["failed"]) == ("operator", False)
    assert (await admin.http.get(f"/calls/{call}")).status_code == 404


def check_lines(server: Serve, admin: Admin) -> None:
    """`/events` is what stdout is, but for its own greeting, figures and goodbye."""
    told = [json.loads(line) for line in admin.lines]
    assert [wrong for event in [*server.events, *told] for wrong in wrongs(json.dumps(event))] == []
    first, *rest = [event for event in told if event["type"] != "stats"]
    assert (first["type"], first["calls"], first["draining"]) == ("server.ready", 0, False)
    printed = [event for event in server.events if event["type"] not in ("server.ready", "stats")]
    assert [without_time(event) for event in rest] == [without_time(event) for event in printed]
    assert [event["ts"] for event in rest[:-1]] == [event["ts"] for event in printed[:-1]]
    figures = [event for event in told if event["type"] == "stats"]
    assert figures[-1]["max"] == 1000
    assert figures[-1]["rss_mb"] > 20


def without_time(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "ts"}


def check_totals(server: Serve, metrics: dict[str, float], snapshot: Event) -> None:
    """Every figure that the metrics sum up is the sum of what the lines told."""
    ends, turns = server.of("call.ended"), [one for one in server.of("call.turn") if one.get("v2v_ms") is not None]
    assert metrics["calls_started_total"] == len(server.of("call.started")) == 2
    assert metrics["calls_active"] == 0
    for reason, count in Counter(one["reason"] for one in ends).items():
        assert metrics[f"calls_ended_total {reason}"] == count
    assert [one["reason"] for one in server.of("call.refused")] == ["bad_signature"]
    refused = {name: count for name, count in metrics.items() if name.startswith("calls_refused_total") and count}
    assert refused == {"calls_refused_total bad_signature": 1}
    assert metrics["first_audio_seconds_count"] == len(server.of("call.first_audio")) == 2
    assert metrics["model_connect_seconds_count"] == len(server.of("call.ready")) == 2
    assert metrics["v2v_seconds_count"] == len(turns)
    assert metrics["barge_in_seconds_count"] == sum(one["stop_ms"] is not None for one in server.of("call.barge_in"))
    answered = Counter(one["name"] for one in server.of("call.tool") if one["state"] == "answered")
    assert answered == {call.name: 1 for call in TOOLS}
    for name, count in answered.items():
        assert metrics[f"tool_seconds_count {name}"] == count
    sums: Counter[str] = Counter()
    for ended in ends:
        sums.update({name: value for name, value in ended["statistics"].items() if isinstance(value, int)})
    assert metrics["frames_total in twilio"] == sums["frames_in"] > 0
    assert metrics["frames_total out twilio"] == sums["frames_out"] > 0
    assert metrics["marks_total sent"] == sums["marks_sent"] > 0
    assert metrics["marks_total echoed"] == sums["marks_echoed"] > 0
    lags = [sum(one["statistics"]["mark_lag"]["counts"]) for one in ends]
    assert metrics["mark_lag_seconds_count"] == sum(lags) > 0
    assert metrics["media_gaps_total"] == sums["media_gaps"]
    assert metrics["audio_dropped_total agent"] * 160 == sums["agent_audio_dropped_bytes"] > 0
    assert metrics["loop_lag_seconds_count"] > 5
    totals = snapshot["totals"]
    assert (totals["started"], totals["ended"], totals["active"]) == (2, 2, 0)
    assert totals["statistics"]["frames_in"] == sums["frames_in"]


def check_log(server: Serve) -> None:
    """Every line logged while the first call was on the line says which call and stream it is about."""
    started, ended = server.of("call.started")[0], server.of("call.ended")[0]
    lines = [one for one in log_lines(server) if started["ts"] < one["ts"] < ended["ts"]]
    assert {one["logger"] for one in lines} >= {"twilio_rt.bridge", "shop"}
    assert {"asked in a thread", "asked on the loop", "model socket open"} <= {one["msg"] for one in lines}
    strangers = [one for one in lines if (one.get("call"), one.get("stream")) != (started["call"], started["stream"])]
    assert strangers == []
    for started in server.of("call.started"):  # and what comes behind its end, such as Twilio's last question
        about = [one for one in log_lines(server) if one.get("call") == started["call"] and one["ts"] > started["ts"]]
        assert {one.get("stream") for one in about} == {started["stream"]}
    assert {"an operator hangs up", "tail of the call asked: operator"} <= {one["msg"] for one in about}
