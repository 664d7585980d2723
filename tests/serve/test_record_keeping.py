"""Records as the settings want them: kept or not, where, and without a secret."""

import hashlib
import json
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.records.world import BEGAN, CALLER, sid, tell
from twilio_rt_cli import __version__
from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.figures.statistics import CallStatistics
from twilio_rt_cli.call.notices import AgentTurn, CallOver, SpokenItem
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.output.redaction import Redactor
from twilio_rt_cli.protocol.twilio import StreamSid
from twilio_rt_cli.records.listener import Plain
from twilio_rt_cli.records.reader import RecordReader
from twilio_rt_cli.records.schema import NAME
from twilio_rt_cli.reporting.hub import Hub
from twilio_rt_cli.serve.record_keeping import RecordKeeping, configuration, record_keeping, used_since
from twilio_rt_cli.server.admission.notices import CallStarted
from twilio_rt_cli.server.admission.quota import DayLimits, DayUsage, Quota
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.settings.parts import agent_of, terms_of

SECRETS = {
    "openai_api_key": "sk-canary-openai-0123456789",
    "twilio_auth_token": "canarytoken0123456789abcdef",
    "twilio_shared_key": "canaryshared0123456789",
    "twilio_api_secret": "canarysecret0123456789",
    "ngrok_authtoken": "canaryngrok0123456789",
    "azure_openai_api_key": "canaryazure0123456789",
}


def kept(*tools: str, **flags: object) -> RecordKeeping:
    return record_keeping(bare_settings(**({"openai_api_key": "sk-x"} | flags)).records, {"tools": list(tools)})


def ran_with(**flags: object) -> dict[str, Plain]:
    settings = bare_settings(**flags)
    return configuration(agent_of(settings), terms_of(settings, "ws://127.0.0.1:1"))


def test_with_records_off_nothing_is_made(tmp_path: Path) -> None:
    records = kept(records=False, records_dir=tmp_path / "records")
    with records.running():
        assert records == RecordKeeping(None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_record_tells_where_its_recording_is(tmp_path: Path) -> None:
    keeping = kept(records_dir=tmp_path, record_audio=True)
    listener, recorded = keeping.listener, keeping.recordings
    assert listener is not None
    assert recorded is not None
    with keeping.running():
        path = recorded.begin(sid(1), StreamSid("MZ1"), datetime(2026, 11, 24, 10, 4)).path
        listener.on_server(time.time(), CallStarted(sid(1), StreamSid("MZ1"), CALLER, ""))
        listener.on_call(time.time(), sid(1), CallOver(EndReason.CALLER_HUNG_UP, "", 100, CallStatistics()))
    with RecordReader(tmp_path) as records:
        (record,) = records.latest()
    assert record.recording == str(path) == str(tmp_path / f"recordings/2026-11-24/100400-{sid(1)}.wav")


def test_calls_are_recorded_only_on_request_and_never_where_nothing_is_kept(tmp_path: Path) -> None:
    assert kept(records_dir=tmp_path).recordings is None
    with pytest.raises(SettingsError, match="RECORD_AUDIO does not go together with RECORDS=false"):
        bare_settings(openai_api_key="sk-x", record_audio=True, records=False)


def test_a_hub_tells_what_is_kept(tmp_path: Path) -> None:
    secret = SECRETS["openai_api_key"]
    keeping = kept("check", records_dir=tmp_path, **SECRETS)
    assert keeping.listener is not None
    hub = Hub(Redactor([secret]), [keeping.listener])
    with keeping.running():
        hub.publish_server(CallStarted(sid(1), StreamSid("MZ1"), CALLER, ""))
        told = f"The key is {secret}."
        hub.publish_call(sid(1), AgentTurn(told, None, items=(SpokenItem("a", told),)))
        hub.publish_call(sid(1), CallOver(EndReason.MODEL_REFUSED, told, 100, CallStatistics()))
    with RecordReader(tmp_path) as records:
        (record,) = records.latest()
    assert abs(record.started_at - time.time()) < 60
    assert json.loads(record.configuration)["tools"] == ["check"]
    content = (tmp_path / NAME).read_bytes()
    assert CALLER.encode() in content
    assert [name for name, canary in SECRETS.items() if canary.encode() in content] == []


def test_what_is_old_goes_as_the_settings_say(tmp_path: Path) -> None:
    for days, left in ((0, 1), (30, 0)):
        keeping = kept(records_dir=tmp_path, records_days=days)
        assert keeping.listener is not None
        with keeping.running():
            if days == 0:
                tell(keeping.listener, 1, BEGAN - 40 * 86_400 - max(0.0, BEGAN - time.time()))
        with RecordReader(tmp_path) as records:
            assert len(records.latest()) == left


def test_the_configuration_is_what_a_call_ran_with(tmp_path: Path) -> None:
    prompt = tmp_path / "agent.md"
    prompt.write_text("You answer.")
    given = {"prompt_file": prompt, "turn_detection": "semantic_vad", "openai_api_key": "sk-x"}
    assert ran_with(**given) == {
        "version": __version__,
        "provider": "openai",
        "model": "gpt-realtime-2.1",
        "voice": "marin",
        "transcription_model": "gpt-4o-mini-transcribe",
        "turn_detection": "semantic_vad",
        "noise_reduction": "none",
        "prompt_file": "agent.md",
        "prompt_sha256": hashlib.sha256(b"You answer.").hexdigest(),
        "tools": [one.name for one in load("sample").definitions],
        "vad_eagerness": "auto",
    }
    offline = ran_with(realtime_provider="local")
    assert (offline["model"], offline["voice"], offline["vad_silence_ms"]) == ("offline engine", None, 500)


@pytest.mark.parametrize("days", [-1, "many"])
def test_days_are_a_number(days: object) -> None:
    with pytest.raises(SettingsError, match="RECORDS_DAYS must be "):
        bare_settings(records_days=days, realtime_provider="local")


def test_a_server_that_starts_knows_what_callers_had(tmp_path: Path) -> None:
    settings = bare_settings(records_dir=tmp_path / "records", realtime_provider="local").records
    assert used_since(settings, BEGAN) == []
    keeping = record_keeping(settings, {})
    assert keeping.listener is not None
    with keeping.running():
        for number in (1, 2, 3):
            tell(keeping.listener, number, BEGAN + number)
    assert used_since(settings, BEGAN + 2) == [DayUsage(CALLER, 2, 18.0, 0.0246)]
    quota = Quota(DayLimits(caller_calls=2), BEGAN + 60, used_since(settings, BEGAN + 2))
    assert quota.today(BEGAN + 60).calls == 2
    assert quota.refusal(CALLER, BEGAN + 60) is not None
    assert used_since(settings.model_copy(update={"records": False}), BEGAN) == []


def test_records_that_cannot_be_read_keep_no_server_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(b"poems " * 1000)
    assert used_since(bare_settings(records_dir=tmp_path, realtime_provider="local").records, BEGAN) == []
    assert "limits count from now on, not from the beginning of the day: The call records in " in caplog.text
