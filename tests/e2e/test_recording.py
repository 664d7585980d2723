"""`twilio-rt serve` with RECORD_AUDIO, as a process: what it leaves on the disk, also when it is killed."""

import asyncio
import signal
from pathlib import Path

from tests.e2e.test_serve import Caller, heard_more_than, serve
from tests.nursery.nursery import Nursery
from tests.records.recorded_call import tracks
from tests.scripted_model import Answer, Script, Speech, scripted_model
from twilio_rt_cli.caller.report import CallReport
from twilio_rt_cli.records.reader import RecordReader


def recorded(nursery: Nursery, tmp_path: Path, heard_ms: int, ending: signal.Signals) -> tuple[Path, CallReport]:
    """The recording of a call whose server is ended by a signal, and what the phone says of it."""

    async def test() -> CallReport:
        caller = Caller()
        settings = {"RECORD_AUDIO": "true", "XDG_STATE_HOME": str(tmp_path), "DRAIN_SECONDS": "0"}
        async with (
            scripted_model(Script([Answer((Speech(60_000),))])) as model,
            serve(nursery, tmp_path, model.url, **settings) as server,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(caller.call(server.url))
            await (await model.connected()).until(heard_more_than(heard_ms * 8))
            server.process.send_signal(ending)
            await asyncio.wait_for(server.process.wait(), 10)
            caller.hang_up.set()
        assert caller.report is not None
        return caller.report

    report = asyncio.run(test())
    [path] = (tmp_path / "twilio-rt" / "records" / "recordings").rglob("*.wav")
    assert path.name.endswith(f"-{report.call_sid}.wav")
    with RecordReader(tmp_path / "twilio-rt" / "records") as records:
        assert [record.recording for record in records.latest()] == [str(path)]
    return path, report


def test_a_server_that_stops_leaves_the_whole_call(nursery: Nursery, tmp_path: Path) -> None:
    path, report = recorded(nursery, tmp_path, 600, signal.SIGTERM)
    caller, agent = tracks(path)
    true = report.agent_track.replace(b"\x7f", b"\xff").strip(b"\xff")
    assert len(caller) / 8 >= 600
    assert abs(len(agent.strip(b"\xff")) - len(true)) <= 40 * 8
    assert agent.strip(b"\xff")[:4000] == true[:4000]
