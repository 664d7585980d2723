"""One call on a line that loses packets: event lines, record, snapshot and the phone itself say the same of it."""

import asyncio
import json
import signal
from pathlib import Path

import httpx

from tests.e2e.test_serve import STAYS, TOKEN, Caller, run, serve
from tests.nursery.nursery import Nursery
from tests.scripted_model import Answer, Script, Speech, scripted_model
from twilio_rt_cli.caller.client import SimulatedCall, place_call
from twilio_rt_cli.caller.line import LineQuality
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.caller.route import Signer
from twilio_rt_cli.records.reader import RecordReader

LOSS_PERCENT = 5


async def call(caller: Caller, url: str) -> CallReport:
    quality = LineQuality(loss_percent=LOSS_PERCENT)
    plan = SimulatedCall(url, STAYS, signer=Signer(TOKEN), longest_verb_s=0.2, quality=quality, seed=7)
    return await place_call(plan, hang_up=caller.hang_up, watch=caller.watch)


def test_everybody_tells_the_same_of_a_call_with_losses_and_an_interruption(nursery: Nursery, tmp_path: Path) -> None:
    async def test() -> None:
        script = Script([Answer((Speech(20_000),))])
        settings = {"RECORDS_DIR": str(tmp_path / "records"), "ADMIN_PORT": "0"}
        async with scripted_model(script) as model, serve(nursery, tmp_path, model.url, **settings) as server:
            [ready] = await server.until("server.ready")
            async with httpx.AsyncClient(base_url=ready["admin_url"], trust_env=False) as http:
                caller = Caller()
                calling = asyncio.get_running_loop().create_task(call(caller, server.url))
                connection = await model.connected()
                await asyncio.wait_for(caller.agent_spoke.wait(), 10)
                await connection.until(lambda one: one.caller_samples > 16_000)
                await connection.speech(answer=Answer((Speech(1000),)))
                [cut] = await server.until("call.barge_in")
                await connection.finished()
                await connection.until(lambda one: one.caller_samples > 32_000)
                [row] = (await http.get("/calls")).json()["calls"]
                caller.hang_up.set()
                phone = await calling
                [ended] = await server.until("call.ended")
                totals = (await http.get("/calls")).json()["totals"]
                server.process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(server.process.wait(), 5) == 0
        counted = ended["statistics"]

        # the phone
        assert counted["frames_in"] == phone.counters.frames_sent
        assert counted["frames_out"] == phone.counters.frames_received
        assert counted["marks_sent"] == phone.counters.marks_received
        assert counted["marks_echoed"] == phone.counters.marks_echoed
        assert abs(cut["heard_ms"] - phone.cuts[0].position / 8) <= 45
        assert phone.frames_lost > 0
        assert 0 < counted["media_gaps"] <= phone.frames_lost
        assert (ended["health"], ended["why"]) == ("degraded", f"{counted['media_gaps']} gaps in the caller's audio")

        # the snapshot, while it ran and after
        assert row["call"] == ended["call"]
        assert 0 < row["statistics"]["frames_in"] <= counted["frames_in"]
        assert row["statistics"]["barge_ins"] == counted["barge_ins"] == 1
        assert row["statistics"]["turns"] == counted["turns"]
        same = ("frames_in", "bytes_in", "frames_out", "bytes_out", "marks_sent", "marks_echoed", "media_gaps", "turns")
        assert {name: totals["statistics"][name] for name in same} == {name: counted[name] for name in same}

        # the record
        with RecordReader(tmp_path / "records") as records:
            [record] = records.latest()
            told = records.events(record.number)
        assert record.statistics is not None
        assert json.loads(record.statistics) == counted
        assert (record.call_sid, record.reason, record.duration_ms) == (
            ended["call"],
            ended["reason"],
            ended["duration_ms"],
        )
        assert (record.health, record.why, record.turns) == (ended["health"], ended["why"], ended["turns"])
        lines = [one for one in server.events if one.get("call") == ended["call"]]
        assert len(told) == len([one for one in lines if one["type"] not in ("call.started", "call.ended")])

    run(test)
