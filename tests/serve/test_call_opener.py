"""Settings reach the call, the model's socket and the server."""

from datetime import datetime

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.serve.call_opener import CallOpener, provider
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.loading import bare_settings

KEY = "sk-proj-0123456789abcdef9f2a"
NOW = datetime(2026, 11, 24, 10, 4)


def opener(**flags: object) -> CallOpener:
    settings = bare_settings(**({"openai_realtime_url": "ws://127.0.0.1:1/v1/realtime"} | flags))
    return CallOpener(settings, lambda _: lambda notice: None)


def test_the_plan_follows_the_settings() -> None:
    plan = opener(
        openai_voice="cedar",
        greeting="Hi.",
        vad_threshold=0.7,
        vad_silence_ms=400,
        vad_prefix_ms=200,
        noise_reduction="near_field",
        transcription_model="whisper-1",
        ws_max_queue=9,
        max_call_seconds=60,
    ).plan(NOW)
    heard = plan.session["audio"]["input"]
    assert plan.session["audio"]["output"]["voice"] == "cedar"
    assert heard["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.7,
        "silence_duration_ms": 400,
        "prefix_padding_ms": 200,
    }
    assert heard["noise_reduction"] == {"type": "near_field"}
    assert heard["transcription"] == {"model": "whisper-1"}
    assert (plan.greeting, plan.silence_ms, plan.hold_messages, plan.max_call_s) == ("Hi.", 400, 9, 60)


def test_semantic_turns_wait_for_no_silence_of_ours() -> None:
    plan = opener(turn_detection="semantic_vad", vad_eagerness="high").plan(NOW)
    assert plan.session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "high"}
    assert plan.silence_ms == 0


def test_the_sample_brings_its_prompt_and_its_tool() -> None:
    session = opener().plan(NOW).session
    assert "Copper Wheel" in session["instructions"]
    assert [tool["name"] for tool in session["tools"]] == ["check_appointment"]


def test_the_agent_knows_what_day_it_is() -> None:
    instructions = opener().plan(NOW).session["instructions"]
    assert instructions.endswith("this call began on Tuesday, 24 November 2026, at 10:04.\n")


def test_no_tools_on_request() -> None:
    assert "tools" not in opener(tools="").plan(NOW).session


def test_tools_that_cannot_be_loaded_are_a_problem_of_settings() -> None:
    with pytest.raises(SettingsError, match="TOOLS"):
        opener(tools="no_such_module_anywhere")


def told(settings: Settings, engine_url: str | None = None) -> tuple[str, str, str, str | None]:
    found = provider(settings, engine_url)
    return found.name, found.url, found.model, found.api_key


def test_who_answers_and_where() -> None:
    azure = bare_settings(
        realtime_provider="azure",
        azure_openai_url="wss://me.openai.azure.com/x",
        azure_openai_api_key="k",
        openai_model="mine",
        openai_api_key=KEY,
    )
    local = bare_settings(realtime_provider="local", openai_api_key=KEY)
    assert told(bare_settings(openai_api_key=KEY)) == (
        "openai",
        "wss://api.openai.com/v1/realtime",
        "gpt-realtime-2.1",
        KEY,
    )
    assert told(azure) == ("azure", "wss://me.openai.azure.com/x", "mine", "k")
    assert told(local, "ws://127.0.0.1:9/x") == ("local", "ws://127.0.0.1:9/x", "gpt-realtime-2.1", None)


def test_pings_follow_the_settings() -> None:
    found = provider(bare_settings(openai_api_key=KEY, ws_ping_interval=7, ws_ping_timeout=3))
    assert (found.ping_interval_s, found.ping_timeout_s) == (7, 3)
