"""The parts of a server are made whole, and nothing is opened by making them."""

import io
import threading
from pathlib import Path

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.live.model import ProcessLoad
from twilio_rt_cli.protocol.twilio import CallSid
from twilio_rt_cli.records.reader import RecordReader
from twilio_rt_cli.reporting.reporter import Form
from twilio_rt_cli.serve.assembly import Parts, assembled
from twilio_rt_cli.server.admission.notices import CallRefused, Refusal
from twilio_rt_cli.settings.loading import bare_settings

CALL = CallSid("CA" + "1" * 32)
ENGINE = "ws://127.0.0.1:1/v1/realtime"


def parts(out: io.StringIO, **given: object) -> Parts:
    return assembled(bare_settings(**({"realtime_provider": "local"} | given)), Form.JSON, ENGINE, out)


def test_nothing_is_opened_before_it_runs(tmp_path: Path) -> None:
    before, out = threading.active_count(), io.StringIO()
    with parts(out, records_dir=tmp_path / "records", record_audio=True).reporter:
        assert threading.active_count() <= before + 1  # the reporter's own, for a slow reader
        assert list(tmp_path.iterdir()) == []
    assert out.getvalue() == ""


def test_what_the_server_tells_is_heard_by_everybody(tmp_path: Path) -> None:
    out = io.StringIO()
    made = parts(out, records_dir=tmp_path)
    with made.reporter, made.records.running():
        made.hub.publish_server(CallRefused(Refusal.BUSY, CALL, "+14155550142"))
    assert '"type":"call.refused"' in out.getvalue().replace(" ", "")
    assert made.model.snapshot(0.0, ProcessLoad()).totals.refused == 1
    with RecordReader(tmp_path) as records:
        assert [one.call_sid for one in records.refused()] == [CALL]


def test_tools_that_cannot_be_loaded_are_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TOOLS"):
        parts(io.StringIO(), tools="no_such_module_anywhere", records_dir=tmp_path / "records")
    assert list(tmp_path.iterdir()) == []
