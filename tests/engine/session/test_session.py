"""The session as its client sees it: turns, items, the input buffer, errors, time."""

import base64

import numpy as np
import pytest

from tests.engine.session.client import MODEL, Client, at, kinds, only, refused, started, stopped
from twilio_rt_cli.engine.session import orders
from twilio_rt_cli.engine.session.items import audio_bytes
from twilio_rt_cli.engine.session.prompt import Say
from twilio_rt_cli.engine.session.refusals import RefusedError
from twilio_rt_cli.engine.session.turns import SpeechStopped

TURN = [
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "rate_limits.updated",
]


def test_the_first_event_is_the_full_session() -> None:
    (created,) = Client().begun
    assert created["type"] == "session.created"
    session = created["session"]
    assert at(session, "model") == MODEL
    assert at(session, "object") == "realtime.session"
    assert at(session, "expires_at") == 1_003_600
    assert at(session, "audio", "input", "format") == {"type": "audio/pcm", "rate": 24000}
    assert at(session, "audio", "input", "turn_detection", "silence_duration_ms") == 500


def test_a_spoken_turn_has_the_order_of_the_original() -> None:
    client = Client()
    client.append(1000)
    assert kinds(client.hear(started(100))) == ["input_audio_buffer.speech_started"]
    client.append(1000)
    events = client.hear(stopped(1700))
    assert kinds(events) == TURN
    assert at(events, 0, "audio_end_ms") == 1700
    assert len({str(at(event, "item_id")) for event in events[:2]}) == 1


def test_speech_is_committed_from_its_start_to_its_end() -> None:
    client = Client()
    client.append(100, b"\x00")
    client.append(900, b"\x11")
    client.append(500, b"\x22")
    client.hear(started(100), stopped(1000))
    assert client.last(orders.Transcribe).audio == b"\x11" * 7200


def test_milliseconds_go_on_counting_after_a_clear() -> None:
    client = Client()
    client.append(1000)
    assert kinds(client.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    client.append(1000)
    assert at(client.hear(started(40)), 0, "audio_start_ms") == 1040


def test_what_an_old_detector_says_is_ignored() -> None:
    client = Client()
    old = client.last(orders.Tune).epoch
    client.append(1000)
    client.send("input_audio_buffer.clear")
    assert client.hear(started(10), epoch=old) == []


def test_speech_during_an_answer_cancels_it_and_late_audio_is_dropped() -> None:
    client = Client()
    client.say("Tell me all.")
    client.think(Say("A long answer."))
    speak = client.last(orders.Speak)
    client.report(orders.Spoken(speak.response_id, b"\x7f" * 800))
    client.append(500)
    events = client.hear(started(1200))
    assert kinds(events)[0] == "input_audio_buffer.speech_started"
    done = only(events, "response.done")
    assert at(done, "response", "status") == "cancelled"
    assert at(done, "response", "status_details") == {"type": "cancelled", "reason": "turn_detected"}
    assert at(done, "response", "output", 0, "status") == "incomplete"
    assert client.last(orders.StopSpeaking).response_id == speak.response_id
    assert client.report(orders.Spoken(speak.response_id, b"\x7f" * 800)) == []
    assert client.report(orders.SpeakingDone(speak.response_id)) == []


def test_an_answer_goes_on_when_interruption_is_off() -> None:
    client = Client(turn_detection={"type": "server_vad", "interrupt_response": False})
    client.say("Tell me all.")
    client.think(Say("A long answer."))
    client.append(2000)
    assert kinds(client.hear(started(1200))) == ["input_audio_buffer.speech_started"]
    # The original: "this may fail to create a response if the model is already responding".
    assert kinds(client.hear(stopped(2000))) == TURN[:4]


def test_no_response_is_made_when_that_is_off() -> None:
    client = Client(turn_detection={"type": "server_vad", "create_response": False})
    client.append(1000)
    assert kinds(client.hear(started(0), stopped(1000)))[1:] == TURN[:4]


def test_semantic_vad_is_a_silence_by_eagerness() -> None:
    client = Client(turn_detection={"type": "semantic_vad", "eagerness": "high"})
    assert client.last(orders.Tune).silence_duration_ms == 300


def test_turn_detection_takes_its_parameters() -> None:
    settings = {"threshold": 0.7, "prefix_padding_ms": 250, "silence_duration_ms": 350}
    tune = Client(turn_detection={"type": "server_vad", **settings}).last(orders.Tune)
    assert (tune.threshold, tune.prefix_padding_ms, tune.silence_duration_ms) == (0.7, 250, 350)


def test_by_hand_nothing_is_listened_to_and_a_commit_makes_the_item() -> None:
    client = Client(turn_detection=None)
    client.append(200)
    assert not client.has(orders.Listen)
    events = client.send("input_audio_buffer.commit")
    assert kinds(events) == TURN[1:4]
    assert at(events, 0, "previous_item_id") is None
    assert len(client.last(orders.Transcribe).audio) == 1600


@pytest.mark.parametrize("ms", [0, 99])
def test_less_than_100_ms_cannot_be_committed(ms: int) -> None:
    client = Client(turn_detection=None)
    client.append(ms)
    events = client.send("input_audio_buffer.commit", event_id="mine")
    assert refused(events) == ("input_audio_buffer_commit_empty", None)
    assert at(events, 0, "error", "event_id") == "mine"
    assert f"only has {ms}.00ms" in str(at(events, 0, "error", "message"))


def test_pcm_input_is_heard_as_mu_law_wherever_it_is_cut() -> None:
    client = Client(format={"type": "audio/pcm", "rate": 24000}, turn_detection=None)
    tone = (8000 * np.sin(np.arange(24_000) * 2 * np.pi * 440 / 24_000)).astype("<i2").tobytes()
    for cut in (tone[:1001], tone[1001:]):
        client.send("input_audio_buffer.append", audio=base64.b64encode(cut).decode())
    item_id = at(client.send("input_audio_buffer.commit"), 0, "item_id")
    assert 7900 <= len(client.last(orders.Transcribe).audio) <= 8000
    item = at(client.send("conversation.item.retrieve", item_id=item_id), 0, "item")
    heard = np.frombuffer(audio_bytes(str(at(item, "content", 0, "audio")), ""), dtype="<i2")
    original = np.frombuffer(tone, dtype="<i2")[: len(heard)]
    assert np.corrcoef(heard, original)[0, 1] > 0.99


def test_audio_that_is_no_base64_is_refused() -> None:
    assert refused(Client().send("input_audio_buffer.append", audio="***")) == ("invalid_value", "audio")


def test_transcription_is_told_with_its_cost() -> None:
    client = Client(transcription={"model": "gpt-4o-mini-transcribe"})
    client.append(1000)
    client.hear(started(0), stopped(1000))
    item_id = client.last(orders.Transcribe).item_id
    events = client.recognise("Hello there.")
    assert at(only(events, "conversation.item.input_audio_transcription.delta"), "delta") == "Hello there."
    usage = at(only(events, "conversation.item.input_audio_transcription.completed"), "usage")
    assert (at(usage, "input_tokens"), at(usage, "output_tokens"), at(usage, "total_tokens")) == (10, 3, 13)
    item = at(client.send("conversation.item.retrieve", item_id=item_id), 0, "item")
    assert at(item, "content", 0, "transcript") == "Hello there."


def test_whisper_is_billed_by_duration() -> None:
    client = Client(transcription={"model": "whisper-1"})
    client.append(1500)
    client.hear(started(0), stopped(1500))
    events = client.recognise("Hi")
    assert at(events, 1, "usage") == {"type": "duration", "seconds": 1.5}


def test_without_transcription_the_brain_still_hears() -> None:
    client = Client()
    client.append(1000)
    client.hear(started(0), stopped(1000))
    assert not client.has(orders.Think)
    assert client.recognise("Hello.") == []
    assert [str(turn) for turn in client.last(orders.Think).prompt.turns] == ["Said(speaker='caller', text='Hello.')"]


def test_a_recogniser_that_fails_is_told_and_the_answer_comes() -> None:
    client = Client(transcription={"model": "x"})
    client.append(1000)
    client.hear(started(0), stopped(1000))
    order = client.last(orders.Transcribe)
    events = client.report(orders.TranscribingFailed(order.item_id, "it broke", order.attempt))
    failed = only(events, "conversation.item.input_audio_transcription.failed")
    assert at(failed, "error", "message") == "it broke"
    assert client.has(orders.Think)


def test_a_pause_that_ends_the_turn_has_given_the_words_already() -> None:
    client = Client(transcription={"model": "x"})
    client.append(1000, b"\x11")
    client.append(500)
    client.hear(started(0))
    client.report(orders.Paused(client.last(orders.Tune).epoch, 1000, 1200))
    # The silence that has not been heard yet is filled in.
    assert client.last(orders.Transcribe).audio == b"\x11" * 8000 + b"\xff" * 4000
    assert client.recognise("Hello.") == []
    events = client.hear(stopped(1500))
    assert "conversation.item.input_audio_transcription.completed" in kinds(events)
    assert client.has(orders.Think)
    assert len([order for order in client.orders if isinstance(order, orders.Transcribe)]) == 1


def test_words_of_a_pause_may_come_after_the_end_of_the_turn() -> None:
    client = Client()
    client.append(1500)
    client.hear(started(0))
    client.report(orders.Paused(client.last(orders.Tune).epoch, 1000, 1200))
    client.hear(stopped(1500))
    assert not client.has(orders.Think)
    client.recognise("Hello.")
    assert client.has(orders.Think)


def test_words_of_a_pause_do_not_count_when_the_caller_goes_on() -> None:
    client = Client()
    client.append(3000)
    client.hear(started(0))
    client.report(orders.Paused(client.last(orders.Tune).epoch, 1000, 1200))
    early = client.last(orders.Transcribe)
    client.hear(stopped(2500))
    client.report(orders.Transcribed(early.item_id, "Hel", early.attempt))
    assert not client.has(orders.Think)
    client.recognise("Hello there.")
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == ["Hello there."]


def test_a_click_is_not_transcribed() -> None:
    client = Client()
    client.append(1000)
    client.hear(started(0), SpeechStopped(audio_end_ms=900, speech_ms=64))
    assert not client.has(orders.Transcribe)
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == [""]


def test_a_deleted_item_is_not_waited_for() -> None:
    client = Client()
    client.append(1000)
    client.hear(started(0), stopped(1000))
    item_id = client.last(orders.Transcribe).item_id
    assert kinds(client.send("conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    assert client.last(orders.Think).prompt.turns == ()
    assert client.recognise("late") == []


def test_items_are_added_where_the_client_says() -> None:
    client = Client()
    for item_id, previous in (("b", None), ("a", "root"), ("c", "b"), ("ab", "a")):
        fields = {} if previous is None else {"previous_item_id": previous}
        item = {"type": "message", "role": "user", "id": item_id, "content": [{"type": "input_text", "text": item_id}]}
        events = client.send("conversation.item.create", item=item, **fields)
        assert kinds(events) == ["conversation.item.added", "conversation.item.done"]
        assert at(events, 0, "previous_item_id") == (None if previous in (None, "root") else previous)
    client.send("response.create")
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == ["a", "ab", "b", "c"]


def test_an_item_id_is_taken_once_and_a_previous_item_must_exist() -> None:
    client = Client()
    item = {"type": "message", "role": "user", "id": "one", "content": [{"type": "input_text", "text": "x"}]}
    client.send("conversation.item.create", item=item)
    assert refused(client.send("conversation.item.create", item=item))[0] == "item_create_duplicate_item_id"
    stray = client.send("conversation.item.create", item={**item, "id": "two"}, previous_item_id="nobody")
    assert refused(stray) == ("item_create_invalid_previous_item_id", "previous_item_id")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": ""}]}, "invalid_value"),
        ({"type": "message", "role": "user", "content": [{"type": "output_text", "text": ""}]}, "invalid_value"),
        ({"type": "message", "role": "user", "content": [{"type": "input_text"}]}, "missing_required_parameter"),
        ({"type": "message", "role": "ghost", "content": []}, "invalid_value"),
        ({"type": "message", "role": "user"}, "missing_required_parameter"),
        ({"type": "spell"}, "invalid_value"),
        ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter"),
        ({"type": "function_call_output", "call_id": "c", "output": {"a": 1}}, "invalid_type"),
        ({"type": "function_call_output", "call_id": "c", "output": "", "name": "f"}, "unknown_parameter"),
    ],
)
def test_items_that_the_original_does_not_take_are_refused(item: dict[str, object], expected: str) -> None:
    assert refused(Client().send("conversation.item.create", item=item))[0] == expected


def test_a_spoken_item_of_the_client_is_transcribed_for_the_brain() -> None:
    client = Client()
    audio = base64.b64encode(b"\x11" * 1600).decode()
    item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
    added = client.send("conversation.item.create", item=item)
    assert "audio" not in str(at(added, 0, "item", "content", 0, "type")).replace("input_audio", "")
    client.send("response.create")
    assert not client.has(orders.Think)
    client.recognise("Hi")
    assert client.has(orders.Think)


@pytest.mark.parametrize("verb", ["retrieve", "delete", "truncate"])
def test_an_item_that_is_not_there(verb: str) -> None:
    more = {"content_index": 0, "audio_end_ms": 0} if verb == "truncate" else {}
    events = Client().send(f"conversation.item.{verb}", item_id="nobody", **more)
    assert refused(events) == (f"item_{verb}_invalid_item_id", "item_id")


def test_truncating_cuts_audio_and_forgets_the_transcript() -> None:
    client = Client()
    client.say("Hello")
    item_id = at(client.answer("one two three four", ms=400)[0], "item", "id")
    events = client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=200)
    assert kinds(events) == ["conversation.item.truncated"]
    part = at(client.send("conversation.item.retrieve", item_id=item_id), 0, "item", "content", 0)
    assert "transcript" not in str(part)
    assert len(audio_bytes(str(at(part, "audio")), "")) == 1600
    client.send("response.create")
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == ["Hello", "one two"]


def test_truncating_beyond_the_audio_is_refused() -> None:
    client = Client()
    client.say("Hello")
    item_id = at(client.answer(ms=400)[0], "item", "id")
    events = client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=401)
    assert refused(events) == ("invalid_value", None)
    assert at(events, 0, "error", "message") == "Audio content of 400ms is already shorter than 401ms"
    exact = client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=400)
    assert kinds(exact) == ["conversation.item.truncated"]


def test_only_the_agents_audio_can_be_truncated() -> None:
    client = Client()
    item_id = client.say("Hello")
    events = client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=0)
    assert at(events, 0, "error", "message") == "Only model output audio messages can be truncated"


def test_an_item_may_be_truncated_while_it_is_spoken() -> None:
    client = Client()
    client.say("Hello")
    item_id = at(client.think(Say("one two three")), 0, "item", "id")
    speak = client.last(orders.Speak)
    client.report(orders.Spoken(speak.response_id, b"\x7f" * 2400))
    client.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=100)
    client.report(orders.Spoken(speak.response_id, b"\x7f" * 2400))
    client.report(orders.SpeakingDone(speak.response_id))
    part = at(client.send("conversation.item.retrieve", item_id=item_id), 0, "item", "content", 0)
    assert len(audio_bytes(str(at(part, "audio")), "")) == 800


def test_the_voice_is_fixed_once_it_was_heard() -> None:
    client = Client()
    assert kinds(client.update(audio={"output": {"voice": "cedar"}})) == ["session.updated"]
    client.say("Hello")
    client.answer()
    assert refused(client.update(audio={"output": {"voice": "marin"}})) == ("cannot_update_voice", None)
    assert kinds(client.update(audio={"output": {"voice": "cedar"}})) == ["session.updated"]


@pytest.mark.parametrize(
    ("text", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("[]", "invalid_type", None),
        ("{}", "missing_required_parameter", "type"),
        ('{"type": 5}', "invalid_value", "type"),
        ('{"type": "response.sing"}', "invalid_value", "type"),
        ('{"type": "response.create", "mood": 1}', "unknown_parameter", "mood"),
        ('{"type": "input_audio_buffer.append"}', "missing_required_parameter", "audio"),
        ('{"type": "output_audio_buffer.clear"}', "invalid_value", "type"),
        ('{"type": "response.cancel"}', "response_cancel_not_active", None),
        (
            '{"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": -1}',
            "integer_below_min_value",
            "audio_end_ms",
        ),
    ],
)
def test_bad_events_are_refused(text: str, code: str, param: str | None) -> None:
    assert refused(Client().send_text(text)) == (code, param)


def test_a_refusal_names_the_event_id_even_of_an_unknown_event() -> None:
    events = Client().send_text('{"type": "response.sing", "event_id": "evt_1"}')
    assert at(events, 0, "error", "event_id") == "evt_1"
    assert "'session.update', 'input_audio_buffer.append'" in str(at(events, 0, "error", "message"))


def test_a_binary_frame_is_refused() -> None:
    client = Client()
    (order,) = client.session.refuse(RefusedError("no", "invalid_message"))
    assert isinstance(order, orders.Send)


def test_too_much_audio_in_one_event_is_refused() -> None:
    events = Client().send("input_audio_buffer.append", audio="A" * (15 * 1024 * 1024 + 4))
    assert refused(events) == ("string_above_max_length", "audio")


def test_a_silent_caller_is_asked_after_the_idle_timeout() -> None:
    client = Client(turn_detection={"type": "server_vad", "idle_timeout_ms": 5000})
    client.now = 10.0
    client.say("Hello")
    client.answer(ms=2000)
    # From the end of the answer's playback on.
    assert client.session.deadline() == pytest.approx(17.0)
    client.append(300)
    client.now = 17.0
    events = client.wake()
    assert kinds(events) == ["input_audio_buffer.timeout_triggered", *TURN[1:]]
    assert at(events, 0, "audio_end_ms") == 1300
    assert client.has(orders.Think)


def test_speech_stops_the_idle_timeout() -> None:
    client = Client(turn_detection={"type": "server_vad", "idle_timeout_ms": 5000})
    client.say("Hello")
    client.answer()
    client.append(1000)
    client.hear(started(1000))
    assert client.session.deadline() == 3600


def test_a_session_ends_after_an_hour() -> None:
    client = Client()
    assert client.session.deadline() == 3600
    client.now = 3600.0
    assert at(client.wake(), 0, "error", "code") == "session_expired"
    assert client.last(orders.Close).code == 1001
