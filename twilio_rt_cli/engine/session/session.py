"""`Session`: one client's side of the Realtime protocol, as a pure machine.

Client events and results of jobs come in, orders go out: events to send, audio to listen to, texts to speak. No socket,
no clock, no voice. Time is an argument (monotonic seconds); `deadline` names the moment at which `wake` is due.
"""

from collections.abc import Iterator
from typing import assert_never

from msgspec import UNSET, structs

from twilio_rt_cli.audio.rate import PER_MS
from twilio_rt_cli.engine.session import client_events as ce
from twilio_rt_cli.engine.session import orders, usage
from twilio_rt_cli.engine.session import server_events as ev
from twilio_rt_cli.engine.session.config import ServerVad, SessionConfig, SessionUpdate, updated
from twilio_rt_cli.engine.session.formats import InputDecoder, to_format
from twilio_rt_cli.engine.session.input_audio import InputAudio, Utterance
from twilio_rt_cli.engine.session.item_list import ItemList
from twilio_rt_cli.engine.session.items import Entry, FunctionCall, Message, Part, audio_bytes, check_item, text_of
from twilio_rt_cli.engine.session.orders import Close, Order, Send, Transcribe
from twilio_rt_cli.engine.session.refusals import RefusedError
from twilio_rt_cli.engine.session.responses import Responses
from twilio_rt_cli.engine.session.turns import SpeechStarted, SpeechStopped

SESSION_S = 3600
"""A session lasts 60 minutes (OpenAI Realtime, "session.created": expires_at)."""

MIN_SPEECH_MS = 160
"""Less speech than this is a click or a cough, in which the recogniser would invent words."""


class Session:
    """One client's session. `seed` makes its ids unique among sessions; `unix_s` is the wall clock at `now`."""

    def __init__(self, seed: str, model: str, *, now: float, unix_s: int) -> None:
        self._seed = seed
        self._ids = 0
        self._expires_at = now + SESSION_S
        self._idle_at: float | None = None
        self._config = SessionConfig(f"sess_{seed}", model, unix_s + SESSION_S)
        self._items = ItemList()
        self._input_audio = InputAudio(self._config.audio.input)
        self._responses = Responses(self._items, f"conv_{seed}", self._new_id)

    @property
    def config(self) -> SessionConfig:
        """The session as it is now."""
        return self._config

    def begin(self) -> list[Order]:
        """The first orders: session.created, and turn detection by its defaults."""
        return [
            Send(ev.SessionCreated(event_id=self._new_id("event"), session=self._config)),
            *self._input_audio.begin(),
        ]

    def receive(self, frame: str, now: float) -> list[Order]:
        """What a text frame of the client leads to; one that is refused leads to an `error` event and nothing else."""
        done: list[Order] = []
        event_id: str | None = None
        try:
            event = ce.decode(frame)
            event_id = None if event.event_id is UNSET else event.event_id
            done.extend(self._on_event(event, now))
        except RefusedError as refusal:
            done.append(self._error(refusal, event_id or ce.event_id_of(frame)))
        self._watch_idle(now)
        return done

    def refuse(self, refusal: RefusedError) -> list[Order]:
        """The error event for what never was a text frame."""
        return [self._error(refusal, None)]

    def report(self, result: orders.Result, now: float) -> list[Order]:
        """What the result of a job leads to."""
        done = list(self._on_result(result, now))
        self._watch_idle(now)
        return done

    def deadline(self) -> float:
        """When `wake` is due, in the time of `now`."""
        return self._expires_at if self._idle_at is None else min(self._idle_at, self._expires_at)

    def wake(self, now: float) -> list[Order]:
        """What is due now: the end of the session, or a caller who has been silent too long."""
        if now >= self._expires_at:
            message = "Your session hit the maximum duration of 60 minutes."
            return [self._error(RefusedError(message, "session_expired"), None), Close(1001, message)]
        if self._idle_at is not None and now >= self._idle_at:
            self._idle_at = None
            return list(self._ask_silent_caller())
        return []

    def _on_event(self, event: ce.AnyClientEvent, now: float) -> Iterator[Order]:
        match event:
            case ce.AppendAudio(audio=audio):
                yield from self._input_audio.append(audio_bytes(audio, "audio"))
            case ce.TruncateItem():
                yield self._truncate(event)
            case ce.CreateResponse(response=params):
                yield from self._responses.respond(self._config, params)
            case ce.CancelResponse(response_id=response_id):
                yield from self._responses.cancel_by_client(response_id, now)
            case ce.CreateItem():
                yield from self._create_item(event)
            case ce.DeleteItem(item_id=item_id):
                self._items.remove(item_id)
                self._responses.meter.bust()
                yield Send(ev.ItemDeleted(event_id=self._new_id("event"), item_id=item_id))
                yield from self._responses.go_on()
            case ce.RetrieveItem(item_id=item_id):
                yield self._retrieve(item_id)
            case ce.CommitAudio():
                utterance, later = self._input_audio.commit(self._new_id("item"))
                yield from self._commit(utterance)
                yield from later
            case ce.ClearAudio():
                yield Send(ev.BufferCleared(event_id=self._new_id("event")))
                yield from self._input_audio.clear()
            case ce.UpdateSession(session=update):
                yield from self._update(update)
            case ce.ClearOutput():
                message = "output_audio_buffer.clear is only supported for WebRTC and SIP connections."
                raise RefusedError(message, "invalid_value", param="type")
            case _:
                assert_never(event)

    def _on_result(self, result: orders.Result, now: float) -> Iterator[Order]:
        match result:
            case orders.Spoken(response_id=response_id, audio=audio):
                yield from self._responses.spoke(response_id, audio, now)
            case orders.Heard(epoch=epoch, turns=turns):
                for turn in turns:
                    if self._input_audio.is_current(epoch):
                        yield from self._on_turn(turn, now)
            case orders.Paused(epoch=epoch):
                if self._input_audio.is_current(epoch):
                    yield from self._input_audio.paused(result)
            case orders.Transcribed(item_id=item_id, text=text, attempt=attempt):
                self._input_audio.guessed(attempt, text)
                yield from self._transcribed(item_id, text, attempt)
            case orders.TranscribingFailed(item_id=item_id, message=message, attempt=attempt):
                self._input_audio.guessed(attempt, None)
                yield from self._not_transcribed(item_id, message, attempt)
            case orders.Thought(response_id=response_id, decision=decision):
                yield from self._responses.decided(response_id, decision)
            case orders.SpeakingDone(response_id=response_id):
                yield from self._responses.spoken_out(response_id)
            case (
                orders.ThinkingFailed(response_id=response_id, message=message)
                | orders.SpeakingFailed(response_id=response_id, message=message)
            ):
                yield from self._responses.failed(response_id, message)
            case _:
                assert_never(result)

    def _update(self, update: SessionUpdate) -> Iterator[Order]:
        before = self._config
        self._config = updated(
            before,
            update,
            has_spoken=self._responses.playback.was_audio_sent,
            is_responding=self._responses.is_responding,
        )
        if (self._config.instructions, self._config.tools) != (before.instructions, before.tools):
            self._responses.meter.bust()
        yield Send(ev.SessionUpdated(event_id=self._new_id("event"), session=self._config))
        yield from self._input_audio.configure(self._config.audio.input)

    def _on_turn(self, turn: SpeechStarted | SpeechStopped, now: float) -> Iterator[Order]:
        detection = self._config.audio.input.turn_detection
        assert detection is not None
        if isinstance(turn, SpeechStarted):
            item_id = self._new_id("item")
            start_ms = self._input_audio.started(turn.audio_start_ms, item_id)
            yield Send(ev.BufferSpeechStarted(event_id=self._new_id("event"), audio_start_ms=start_ms, item_id=item_id))
            if detection.interrupt_response and self._responses.active is not None:
                yield from self._responses.cancel(self._responses.active, "turn_detected", now)
            return
        utterance = self._input_audio.stopped(turn)
        if utterance is None:
            return
        yield Send(
            ev.BufferSpeechStopped(
                event_id=self._new_id("event"), audio_end_ms=utterance.end_ms, item_id=utterance.item_id
            )
        )
        yield from self._commit(utterance)
        # "this may fail to create a response if the model is already responding" (OpenAI Realtime, "create_response")
        if detection.create_response and self._responses.active is None:
            yield from self._responses.respond(self._config, ce.ResponseParams())

    def _commit(self, utterance: Utterance) -> Iterator[Order]:
        transcription = self._config.audio.input.transcription
        entry = Entry(
            Message("user", [Part("input_audio", transcript=None)], id=utterance.item_id),
            audio=utterance.audio,
            duration_ms=utterance.end_ms - utterance.start_ms,
            said=None,
            transcribed=transcription is not None,
            transcription_model=transcription.model if transcription is not None else None,
        )
        previous = self._items.last_id
        new_id = self._new_id
        yield Send(ev.BufferCommitted(event_id=new_id("event"), previous_item_id=previous, item_id=entry.id))
        yield from self._add(entry, None)
        guess = utterance.guess
        entry.attempt = self._input_audio.new_attempt() if guess is None else guess.attempt
        if utterance.speech_ms is not None and utterance.speech_ms < MIN_SPEECH_MS:
            yield from self._transcribed(entry.id, "", entry.attempt)
        elif guess is None:
            yield Transcribe(entry.id, utterance.audio, entry.attempt)
        elif guess.text is not None:
            yield from self._transcribed(entry.id, guess.text, entry.attempt)

    def _ask_silent_caller(self) -> Iterator[Order]:
        end_ms = self._input_audio.buffer.written_ms
        utterance, later = self._input_audio.silence(self._new_id("item"))
        yield Send(
            ev.BufferTimeoutTriggered(
                event_id=self._new_id("event"),
                audio_start_ms=utterance.start_ms,
                audio_end_ms=end_ms,
                item_id=utterance.item_id,
            )
        )
        entry = Entry(
            Message("user", [Part("input_audio", transcript=None)], id=utterance.item_id),
            audio=utterance.audio,
            duration_ms=end_ms - utterance.start_ms,
        )
        previous = self._items.last_id
        yield Send(
            ev.BufferCommitted(event_id=self._new_id("event"), previous_item_id=previous, item_id=utterance.item_id)
        )
        yield from self._add(entry, None)
        yield from later
        yield from self._responses.respond(self._config, ce.ResponseParams())

    def _add(self, entry: Entry, after: str | None) -> Iterator[Order]:
        previous = self._items.add(entry, after)
        item = entry.item
        yield Send(ev.ItemAdded(event_id=self._new_id("event"), item=item, previous_item_id=previous))
        yield Send(ev.ItemDone(event_id=self._new_id("event"), item=item, previous_item_id=previous))

    def _create_item(self, event: ce.CreateItem) -> Iterator[Order]:
        check_item(event.item)
        item = event.item if event.item.id is not UNSET else structs.replace(event.item, id=self._new_id("item"))
        if isinstance(item, FunctionCall) and item.call_id is UNSET:
            item = structs.replace(item, call_id=self._new_id("call"))
        audio = self._item_audio(item)
        entry = Entry(item, audio=audio, duration_ms=len(audio) // PER_MS, said=None if audio else text_of(item))
        if isinstance(item, Message) and audio:
            entry.item = structs.replace(item, content=[structs.replace(part, audio=UNSET) for part in item.content])
        yield from self._add(entry, event.previous_item_id or None)
        if audio:
            entry.attempt = self._input_audio.new_attempt()
            yield Transcribe(entry.id, audio, entry.attempt)

    def _item_audio(self, item: object) -> bytes:
        if not isinstance(item, Message):
            return b""
        decoder = InputDecoder(self._config.audio.input.format)
        encoded = [part.audio for part in item.content if part.audio is not UNSET]
        return b"".join(
            decoder.feed(audio_bytes(text, f"item.content[{index}].audio")) for index, text in enumerate(encoded)
        )

    def _retrieve(self, item_id: str) -> Order:
        entry = self._items.get(item_id, "retrieve")
        audio = entry.audio
        if entry.is_caller_audio:
            audio = to_format(audio, self._config.audio.input.format)
        return Send(ev.ItemRetrieved(event_id=self._new_id("event"), item=entry.with_audio(audio)))

    def _truncate(self, event: ce.TruncateItem) -> Order:
        if event.content_index != 0:
            message = f"Content part at index {event.content_index} does not exist."
            raise RefusedError(message, "invalid_value", param="content_index")
        self._items.truncate(event.item_id, event.audio_end_ms)
        self._responses.meter.bust()
        return Send(
            ev.ItemTruncated(
                event_id=self._new_id("event"), item_id=event.item_id, content_index=0, audio_end_ms=event.audio_end_ms
            )
        )

    def _transcribed(self, item_id: str, text: str, attempt: int) -> Iterator[Order]:
        entry = self._items.find(item_id)
        if entry is None or entry.attempt != attempt:
            return
        entry.said = text
        if entry.transcribed:
            _write_transcript(entry, text)
            if text:
                yield Send(
                    ev.TranscriptionDelta(event_id=self._new_id("event"), item_id=item_id, content_index=0, delta=text)
                )
            cost = usage.transcription_usage(entry.transcription_model, entry.duration_ms, text)
            yield Send(
                ev.TranscriptionCompleted(
                    event_id=self._new_id("event"), item_id=item_id, content_index=0, transcript=text, usage=cost
                )
            )
        yield from self._responses.go_on()

    def _not_transcribed(self, item_id: str, message: str, attempt: int) -> Iterator[Order]:
        entry = self._items.find(item_id)
        if entry is None or entry.attempt != attempt:
            return
        entry.said = ""
        if entry.transcribed:
            error = ev.TranscriptionError("server_error", None, message)
            yield Send(
                ev.TranscriptionFailed(event_id=self._new_id("event"), item_id=item_id, content_index=0, error=error)
            )
        yield from self._responses.go_on()

    def _watch_idle(self, now: float) -> None:
        """The idle time-out counts from the end of the last answer's playback, while nobody speaks or answers."""
        detection = self._config.audio.input.turn_detection
        timeout_ms = detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
        busy = (
            self._input_audio.is_speaking
            or self._responses.is_responding
            or not self._responses.playback.was_audio_sent
        )
        if timeout_ms is None or busy:
            self._idle_at = None
        elif self._idle_at is None:
            self._idle_at = max(now, self._responses.playback.until) + timeout_ms / 1000

    def _error(self, refusal: RefusedError, event_id: str | None) -> Order:
        detail = ev.ErrorDetail(
            type=refusal.kind, code=refusal.code, message=refusal.message, param=refusal.param, event_id=event_id
        )
        return Send(ev.ErrorEvent(event_id=self._new_id("event"), error=detail))

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self._seed}{self._ids:06x}"


def _write_transcript(entry: Entry, text: str) -> None:
    assert isinstance(entry.item, Message)
    parts = [structs.replace(part, transcript=text) for part in entry.item.content]
    entry.item = structs.replace(entry.item, content=parts)
