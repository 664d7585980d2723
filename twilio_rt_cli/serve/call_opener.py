"""Settings made into an agent that answers calls: the plan of a call, the way to the model, the tools."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from twilio_rt_cli.agents.prompt import prompt_text
from twilio_rt_cli.agents.tool_files import load
from twilio_rt_cli.bridge.bridge import Bridge, Dial, NewCall, Publish
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.end_reason import EndReason
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.models.dialer import dialer
from twilio_rt_cli.models.prices import prices_of
from twilio_rt_cli.models.providers import Provider, endpoint
from twilio_rt_cli.models.session import TurnDetection, session_config
from twilio_rt_cli.protocol.twilio import CallSid, Start
from twilio_rt_cli.records.audio_files import AudioRecordings
from twilio_rt_cli.records.recorded_call import recorded
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.settings.groups import Settings
from twilio_rt_cli.tools.runner import ToolRunner


class CallOpener:
    """Opens calls. Its prompt and its tools are read once, when it is made; raises SettingsError if they cannot be.

    `engine_url` is where the offline engine listens, for the provider `local`. `publish_for` gives what a call
    tells its notices to. `answer` is the server's OpenCall.
    """

    recordings: AudioRecordings | None = None
    """where calls are recorded, if they are"""

    def __init__(
        self, settings: Settings, publish_for: Callable[[CallSid], Publish], engine_url: str | None = None
    ) -> None:
        self._settings = settings
        self._publish_for = publish_for
        self._instructions = prompt_text(settings.agent.prompt_file)
        self._tools = ToolRunner(load(settings.agent.tools))
        self._prices = None if settings.model.realtime_provider == "local" else prices_of(settings.model.openai_model)
        self._dial: Dial = dialer(endpoint(provider(settings, engine_url)))

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools the model may call."""
        return tuple(definition.name for definition in self._tools.toolbox.definitions)

    def answer(self, incoming: IncomingCall, start: Start, phone: Leg, on_over: Callable[[EndReason], None]) -> Bridge:
        """The bridge of one call, not yet begun. Call it on the running loop."""
        return Bridge(
            start=start,
            phone=phone,
            plan=self.plan(datetime.now()),
            dial=self._dial,
            tools=self._tools,
            publish=self._publish_for(start.start.call_sid),
            on_over=on_over,
            new_call=self._new_call(start),
        )

    def _new_call(self, start: Start) -> NewCall:
        if self.recordings is None:
            return Call
        recording = self.recordings.begin(start.start.call_sid, start.stream_sid, datetime.now())
        return recorded(recording, asyncio.get_running_loop().time)

    def plan(self, now: datetime) -> CallPlan:
        """What a call that begins now (local time) should be like."""
        settings = self._settings
        by_silence = settings.hearing.turn_detection == "server_vad"
        return CallPlan(
            session=session_config(
                instructions=f"{self._instructions.rstrip()}\n\n{_date_line(now)}\n",
                voice=settings.model.openai_voice,
                tools=[definition.to_realtime() for definition in self._tools.toolbox.definitions],
                transcription_model=settings.hearing.transcription_model,
                turn_detection=turn_detection(settings),
                noise_reduction=settings.hearing.noise_reduction,
            ),
            greeting=settings.agent.greeting,
            silence_ms=settings.hearing.vad_silence_ms if by_silence else 0,
            prefix_ms=settings.hearing.vad_prefix_ms if by_silence else 0,
            prices=self._prices,
            hold_messages=settings.server.ws_max_queue,
            max_call_s=settings.agent.max_call_seconds,
        )


def provider(settings: Settings, engine_url: str | None = None) -> Provider:
    """Which model answers, and where; `engine_url` for the provider `local`."""
    url, key = settings.model.openai_realtime_url, settings.model.openai_api_key
    match settings.model.realtime_provider:
        case "azure":
            url, key = settings.model.azure_openai_url or "", settings.model.azure_openai_api_key
        case "local":
            assert engine_url is not None
            url, key = engine_url, None
        case "openai":
            pass
    return Provider(
        name=settings.model.realtime_provider,
        url=url,
        model=settings.model.openai_model,
        api_key=key.get_secret_value() if key else None,
        ping_interval_s=settings.server.ws_ping_interval,
        ping_timeout_s=settings.server.ws_ping_timeout,
    )


def turn_detection(settings: Settings) -> TurnDetection:
    """How the end of the caller's turn is found."""
    return TurnDetection(
        type=settings.hearing.turn_detection,
        threshold=settings.hearing.vad_threshold,
        silence_ms=settings.hearing.vad_silence_ms,
        prefix_ms=settings.hearing.vad_prefix_ms,
        eagerness=settings.hearing.vad_eagerness,
    )


def _date_line(now: datetime) -> str:
    # A model does not know what day it is, and callers say "tomorrow".
    began = f"{now:%A}, {now.day} {now:%B %Y}, at {now:%H:%M}"
    return f"When a day or a time is named, remember that this call began on {began}."
