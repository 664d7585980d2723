"""What the session answers: its responses, from the request to response.done.

A response waits until the caller's words are transcribed, lets the brain decide, then speaks or calls tools. Only one
may write to the default conversation; out-of-band ones (`conversation: "none"`) run beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from twilio_rt_cli.engine.session import config, items
from twilio_rt_cli.engine.session import server_events as ev
from twilio_rt_cli.engine.session.client_events import ResponseParams
from twilio_rt_cli.engine.session.formats import duration_ms, voice_name
from twilio_rt_cli.engine.session.item_list import ItemList
from twilio_rt_cli.engine.session.items import Entry
from twilio_rt_cli.engine.session.orders import Order, Send, Speak, StopSpeaking, Think
from twilio_rt_cli.engine.session.prompt import CallTools, Decision, Prompt, Said, Say, ToolAnswered, ToolCalled, Turn
from twilio_rt_cli.engine.session.refusals import RefusedError
from twilio_rt_cli.engine.session.response import NewId, Response, ResponseSettings, ResponseStage
from twilio_rt_cli.engine.session.usage import UsageMeter


@dataclass(slots=True)
class Playback:
    """When the caller has heard what was sent, if it is played at once."""

    until: float = 0.0
    was_audio_sent: bool = False


class Responses:
    """The responses in progress."""

    def __init__(self, conversation: ItemList, conversation_id: str, new_id: NewId) -> None:
        self.meter = UsageMeter()
        self.playback = Playback()
        self._conversation = conversation
        self._conversation_id = conversation_id
        self._new_id = new_id
        self._responses: dict[str, Response] = {}

    @property
    def active(self) -> Response | None:
        """The response that writes to the default conversation."""
        return next((response for response in self._responses.values() if response.is_default), None)

    @property
    def is_responding(self) -> bool:
        """Whether any response is in progress."""
        return bool(self._responses)

    def respond(self, session: config.SessionConfig, params: ResponseParams) -> Iterator[Order]:
        """Begin a response. Raises RefusedError when the default conversation has one already."""
        is_default = params.conversation == "auto"
        if is_default and self.active is not None:
            raise RefusedError(
                f"Conversation already has an active response in progress: {self.active.id}. "
                "Wait until the response is finished before creating a new one.",
                "conversation_already_has_active_response",
            )
        settings = self._settings(session, params)
        conversation = self._conversation if is_default else None
        response = Response(settings, conversation, self._conversation_id, self._new_id)
        self._responses[response.id] = response
        yield from map(Send, response.created())
        yield from self._advance(response)

    def go_on(self) -> Iterator[Order]:
        """Let responses that waited for the caller's words go on, where all are there now."""
        for response in list(self._responses.values()):
            yield from self._advance(response)

    def decided(self, response_id: str, decision: Decision) -> Iterator[Order]:
        """The brain has decided."""
        response = self._responses.get(response_id)
        if response is None or response.stage is not ResponseStage.THINKING:
            return
        match decision:
            case CallTools(calls):
                for call in calls:
                    yield from map(Send, response.call(call))
                yield from self._finish(response, "completed")
            case Say(text):
                yield from map(Send, response.begin_message(text))
                response.stage = ResponseStage.SPEAKING
                if response.settings.modality == "audio":
                    yield Speak(response.id, text, response.settings.audio_format)
                    return
                yield from map(Send, response.write())
                yield from self._finish(response, "completed")

    def spoke(self, response_id: str, audio: bytes, now: float) -> Iterator[Order]:
        """A piece of audio was made."""
        response = self._responses.get(response_id)
        if response is None or response.stage is not ResponseStage.SPEAKING:
            return
        yield from map(Send, response.speak(audio))
        spoken_s = duration_ms(len(audio), response.settings.audio_format) / 1000
        self.playback.until = max(self.playback.until, now) + spoken_s
        self.playback.was_audio_sent = True
        limit = response.settings.max_output_tokens
        if limit != "inf" and response.output_tokens > limit:
            yield StopSpeaking(response.id)
            yield from self._finish(response, "incomplete", "max_output_tokens")

    def spoken_out(self, response_id: str) -> Iterator[Order]:
        """All audio was made."""
        if (response := self._responses.get(response_id)) is not None:
            yield from self._finish(response, "completed")

    def failed(self, response_id: str, message: str) -> Iterator[Order]:
        """The voice or the brain could not go on."""
        if (response := self._responses.get(response_id)) is not None:
            yield from self._finish(response, "failed", error=ev.ResponseError("server_error", None, message))

    def cancel(self, response: Response, reason: ev.Reason, now: float) -> Iterator[Order]:
        """Stop a response."""
        self.playback.until = min(self.playback.until, now)
        if response.stage is ResponseStage.SPEAKING:
            yield StopSpeaking(response.id)
        yield from self._finish(response, "cancelled", reason)

    def cancel_by_client(self, response_id: str | UnsetType, now: float) -> Iterator[Order]:
        """response.cancel. Raises RefusedError when there is nothing to cancel."""
        response = self.active if response_id is UNSET else self._responses.get(response_id)
        if response is None:
            raise RefusedError("Cancellation failed: no active response found", "response_cancel_not_active")
        yield from self.cancel(response, "client_cancelled", now)

    def _finish(
        self,
        response: Response,
        status: ev.FinalStatus,
        reason: ev.Reason | None = None,
        error: ev.ResponseError | None = None,
    ) -> Iterator[Order]:
        yield from map(Send, response.end_message("completed" if status == "completed" else "incomplete"))
        del self._responses[response.id]
        settings = response.settings
        context = [entry for entry in self._context(response) if entry not in response.entries]
        instructions = settings.instructions if settings.request is None else settings.request
        usage = self.meter.measure(instructions, settings.tools, context, response.entries)
        yield from map(Send, response.done(status, usage, reason, error))

    def _advance(self, response: Response) -> Iterator[Order]:
        if response.stage is not ResponseStage.WAITING:
            return
        context = self._context(response)
        if all(entry.said is not None for entry in context):
            response.stage = ResponseStage.THINKING
            yield Think(response.id, _prompt(response.settings, context))

    def _context(self, response: Response) -> list[Entry]:
        own = response.settings.context
        return list(self._conversation) if own is None else own

    def _settings(self, session: config.SessionConfig, params: ResponseParams) -> ResponseSettings:
        output = params.audio.output
        voice = session.audio.output.voice if output.voice is UNSET else output.voice
        config.check_voice(voice, "response.audio.output.voice")
        modalities = session.output_modalities if params.output_modalities is UNSET else params.output_modalities
        config.check_modalities(modalities, "response.output_modalities")
        config.check_tools(params.tools, "response.tools")
        choice = session.tool_choice if params.tool_choice is UNSET else params.tool_choice
        tools = session.tools if params.tools is UNSET else params.tools
        _check_choice(choice, tools)
        limit = session.max_output_tokens if params.max_output_tokens is UNSET else params.max_output_tokens
        return ResponseSettings(
            modality=modalities[0],
            instructions=session.instructions,
            request=None if params.instructions is UNSET else params.instructions,
            tools=tools,
            choice=choice,
            max_output_tokens=limit,
            audio_format=session.audio.output.format if output.format is UNSET else output.format,
            voice=voice_name(voice),
            metadata=params.metadata,
            context=None if params.input is UNSET else self._own_input(params.input),
        )

    def _own_input(self, given: list[items.Item | items.ItemReference]) -> list[Entry]:
        entries = []
        for index, item in enumerate(given):
            if isinstance(item, items.ItemReference):
                entry = self._conversation.find(item.id)
                if entry is None:
                    param = f"response.input[{index}].id"
                    raise RefusedError(f"Item with item_id not found: {item.id}", "item_not_found", param=param)
                entries.append(entry)
                continue
            items.check_item(item, f"response.input[{index}]")
            entries.append(Entry(item, said=items.text_of(item)))
        return entries


def _check_choice(choice: config.ToolChoice, tools: list[config.FunctionTool]) -> None:
    if isinstance(choice, config.FunctionChoice) and all(tool.name != choice.name for tool in tools):
        raise RefusedError(
            f"Tool choice '{choice.name}' not found in 'tools' parameter.",
            "invalid_value",
            param="response.tool_choice",
        )


def _prompt(settings: ResponseSettings, context: list[Entry]) -> Prompt:
    turns = tuple(turn for entry in context if (turn := _turn(entry)) is not None)
    return Prompt(settings.instructions, settings.request, turns, tuple(settings.tools), settings.choice)


def _turn(entry: Entry) -> Turn | None:
    match entry.item:
        case items.Message(role="user"):
            return Said("caller", entry.said or "")
        case items.Message(role="assistant"):
            return Said("agent", entry.said or "")
        case items.Message():
            return Said("system", entry.said or "")
        case items.FunctionCall(name=name, arguments=arguments, call_id=tool_call_id):
            return ToolCalled(tool_call_id or "", name, arguments)
        case items.FunctionCallOutput(call_id=tool_call_id, output=output):
            return ToolAnswered(tool_call_id, output)
