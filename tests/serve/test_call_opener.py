"""Settings reach the call and the model's socket, and each call the agent that is to answer it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.scripted_model import Script, scripted_model
from tests.server.world import start as start_of_a_stream
from twilio_rt_cli.agents.agent import Agent
from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.bridge.bridge import Bridge
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.models.dialects.openai import OPENAI
from twilio_rt_cli.protocol.twilio import Start
from twilio_rt_cli.serve.call_opener import CallOpener, call_plan
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.server.config import ServerConfig
from twilio_rt_cli.server.run import BridgeServer
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.settings.loading import bare_settings
from twilio_rt_cli.settings.parts import agent_of, provider_of, terms_of

KEY = "sk-proj-0123456789abcdef9f2a"
NOW = datetime(2026, 11, 24, 10, 4)


def plan_of(**flags: object) -> CallPlan:
    settings = bare_settings(**({"openai_realtime_url": "ws://127.0.0.1:1/v1/realtime"} | flags))
    return call_plan(agent_of(settings), terms_of(settings), OPENAI, NOW)


def test_the_plan_follows_the_settings() -> None:
    plan = plan_of(
        openai_voice="cedar",
        greeting="Hi.",
        vad_threshold=0.7,
        vad_silence_ms=400,
        vad_prefix_ms=200,
        noise_reduction="near_field",
        transcription_model="whisper-1",
        ws_max_queue=9,
        max_call_seconds=60,
    )
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
    plan = plan_of(turn_detection="semantic_vad", vad_eagerness="high")
    assert plan.session["audio"]["input"]["turn_detection"] == {"type": "semantic_vad", "eagerness": "high"}
    assert plan.silence_ms == 0


def test_the_sample_brings_its_prompt_and_its_tools() -> None:
    session = plan_of().session
    assert "Copper Wheel" in session["instructions"]
    assert [tool["name"] for tool in session["tools"]] == [one.name for one in load("sample").definitions]


def test_the_agent_knows_what_day_it_is() -> None:
    instructions = plan_of().session["instructions"]
    assert instructions.endswith("this call began on Tuesday, 24 November 2026, at 10:04.\n")


def test_no_tools_on_request() -> None:
    assert "tools" not in plan_of(tools="").session


def test_tools_that_cannot_be_loaded_are_a_problem_of_settings() -> None:
    with pytest.raises(SettingsError, match="TOOLS"):
        plan_of(tools="no_such_module_anywhere")


def told(settings: Settings, engine_url: str | None = None) -> tuple[str, str, str, str | None]:
    found = provider_of(settings, engine_url)
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
    found = provider_of(bare_settings(openai_api_key=KEY, ws_ping_interval=7, ws_ping_timeout=3))
    assert (found.ping_interval_s, found.ping_timeout_s) == (7, 3)


class ByNumber:
    """Two agents, each with a number."""

    def __init__(self, **agents: Agent) -> None:
        self._agents = agents

    def everyone(self) -> tuple[Agent, ...]:
        return tuple(self._agents.values())

    def answering(self, to_number: str) -> Agent:
        return self._agents[to_number]


def agent(greeting: str, tools: str) -> Agent:
    return Agent(name="", prompt=f"Say {greeting}", greeting=greeting, tools=load(tools), model=greeting, voice="cedar")


async def session_of(number: str, opener: CallOpener, model: Script) -> tuple[str, dict[str, Any]]:
    """Call this number: the path that the model's socket asked for, and the session."""

    def to_number(incoming: IncomingCall, start: Start, phone: Leg, on_over: Callable[[EndReason], None]) -> Bridge:
        return opener.open(replace(incoming, to_number=number), start, phone, on_over)

    config = ServerConfig(port=0, validate=False, fallback_message="Sorry.", busy_message="Busy.")
    server = BridgeServer(config, to_number, lambda _: None)
    async with server.running() as port, connect("ws" + port.local_url[4:] + "/media-stream", proxy=None) as phone:
        await phone.send(start_of_a_stream(), text=True)
        connection = await model.connected(len(model.connections) + 1)
        await connection.until(lambda one: bool(one.events("session.update")))
        assert connection.socket.request is not None
        return connection.socket.request.path, connection.events("session.update")[0]["session"]


def test_each_call_is_opened_for_the_agent_of_its_number() -> None:
    async def story() -> None:
        agents = ByNumber(one=agent("one", ""), two=agent("two", "sample"))
        async with scripted_model() as model:
            terms = terms_of(bare_settings(openai_realtime_url=model.url))
            opener = CallOpener(agents, terms, lambda _: lambda notice: None)
            for number, tools in (("one", 0), ("two", len(load("sample")))):
                path, session = await session_of(number, opener, model)
                assert path.endswith(f"model={number}")
                assert session["instructions"].startswith(f"Say {number}\n")
                assert len(session.get("tools", ())) == tools

    asyncio.run(story())
