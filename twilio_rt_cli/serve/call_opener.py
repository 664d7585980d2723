"""Opens calls: each gets the plan, the model's socket and the tools of the agent that is to answer it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from twilio_rt_cli.agents.agent import Agent, Agents
from twilio_rt_cli.bridge.bridge import Bridge, Publish
from twilio_rt_cli.bridge.core import Core
from twilio_rt_cli.bridge.leg import Leg
from twilio_rt_cli.call.call import Call
from twilio_rt_cli.call.figures.cost import Prices
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.call.plan import CallPlan
from twilio_rt_cli.models.dialects.session import ModelDialect
from twilio_rt_cli.models.dialer import Dialer
from twilio_rt_cli.models.prices import prices_of
from twilio_rt_cli.models.providers import endpoint
from twilio_rt_cli.models.terms import CallTerms
from twilio_rt_cli.protocol.twilio import CallSid, Start
from twilio_rt_cli.records.audio_files import AudioRecordings
from twilio_rt_cli.records.recorded_call import RecordedCall
from twilio_rt_cli.server.admission.registry import IncomingCall
from twilio_rt_cli.tools.runner import ToolRunner


class CallOpener:
    """Opens calls; `open` is the server's OpenCall."""

    def __init__(
        self,
        agents: Agents,
        terms: CallTerms,
        publisher_for: Callable[[CallSid], Publish],
        recordings: AudioRecordings | None = None,
    ) -> None:
        """`publisher_for` gives where a call publishes its notices; `recordings`: where calls are recorded, if so."""
        self._agents = agents
        self._terms = terms
        self._publisher_for = publisher_for
        self._recordings = recordings
        self._means = {agent: _Means.of(agent, terms) for agent in agents.everyone()}

    def open(self, incoming: IncomingCall, start: Start, phone: Leg, on_over: Callable[[EndReason], None]) -> Bridge:
        """The bridge of one call, not yet begun. Call it on the running loop."""
        agent = self._agents.answering(incoming.to_number)
        means = self._means[agent]
        return Bridge(
            start=start,
            phone=phone,
            call=self._call(agent, means, start),
            models=(means.model,),
            tools=means.tools,
            publish=self._publisher_for(start.start.call_sid),
            on_over=on_over,
        )

    def _call(self, agent: Agent, means: "_Means", start: Start) -> Core:
        """What decides in this call, from now on."""
        now, moment = datetime.now(), asyncio.get_running_loop().time()
        plan = call_plan(agent, self._terms, means.model.dialect, now, means.prices)
        call = Call(plan, start.stream_sid, moment)
        if self._recordings is None:
            return call
        return RecordedCall(call, self._recordings.begin(start.start.call_sid, start.stream_sid, now), moment)


@dataclass(frozen=True, slots=True)
class _Means:
    """What an agent answers by, made once: a TLS context takes 25 ms, in which the loop would stand still."""

    model: Dialer
    tools: ToolRunner
    prices: Prices | None

    @classmethod
    def of(cls, agent: Agent, terms: CallTerms) -> Self:
        """What this agent answers by."""
        return cls(
            Dialer(endpoint(replace(terms.provider, model=agent.model))),
            ToolRunner(agent.tools),
            None if terms.offline else prices_of(agent.model),
        )


def call_plan(
    agent: Agent, terms: CallTerms, dialect: ModelDialect, now: datetime, prices: Prices | None = None
) -> CallPlan:
    """What a call should be like that this agent answers now (local time)."""
    by_silence = terms.turn_detection.type == "server_vad"
    return CallPlan(
        session=dialect.session(
            instructions=f"{agent.prompt.rstrip()}\n\n{_date_line(now)}\n",
            voice=agent.voice,
            tools=[definition.to_realtime() for definition in agent.tools.definitions],
            transcription_model=terms.transcription_model,
            turn_detection=terms.turn_detection,
            noise_reduction=terms.noise_reduction,
        ),
        greeting=agent.greeting,
        silence_ms=terms.turn_detection.silence_ms if by_silence else 0,
        prefix_ms=terms.turn_detection.prefix_ms if by_silence else 0,
        prices=prices,
        hold_messages=terms.hold_messages,
        max_call_s=terms.max_call_s,
    )


def _date_line(now: datetime) -> str:
    # A model does not know what day it is, and callers say "tomorrow".
    began = f"{now:%A}, {now.day} {now:%B %Y}, at {now:%H:%M}"
    return f"When a day or a time is named, remember that this call began on {began}."
