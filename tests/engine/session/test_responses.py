"""Responses: their events in order, what overrides the session, how they end, what they cost."""

import base64

from tests.engine.session.client import Client, at, kinds, only, refused
from twilio_rt_cli.engine.session import orders
from twilio_rt_cli.engine.session.prompt import CallTools, Say, ToolAnswered, ToolCall, ToolCalled

TOOL = {"type": "function", "name": "look", "description": "Look.", "parameters": {"type": "object"}}
OPENING = ["response.output_item.added", "conversation.item.added", "response.content_part.added"]
DONE = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


def test_a_spoken_response_has_the_order_of_the_original() -> None:
    client = Client()
    assert kinds(client.send("response.create")) == ["response.created", "rate_limits.updated"]
    assert kinds(client.think(Say("Hello there."))) == OPENING
    speak = client.last(orders.Speak)
    assert (speak.text, type(speak.format).__name__) == ("Hello there.", "PcmuFormat")
    events = client.report(orders.Spoken(speak.response_id, b"\x7f" * 800))
    assert kinds(events) == ["response.output_audio_transcript.delta", "response.output_audio.delta"]
    assert base64.b64decode(str(at(events, 1, "delta"))) == b"\x7f" * 800
    assert kinds(client.report(orders.SpeakingDone(speak.response_id))) == DONE


def test_the_words_come_piece_by_piece_and_are_whole_in_the_end() -> None:
    client = Client()
    text = " ".join(f"word{n}" for n in range(60))
    client.send("response.create")
    client.think(Say(text))
    speak = client.last(orders.Speak)
    words: list[str] = []
    for _ in range(5):
        events = client.report(orders.Spoken(speak.response_id, b"\x7f" * 2400))
        words += [str(event["delta"]) for event in events if "transcript" in str(event["type"])]
    assert 3 <= len(words) <= 5
    assert 30 < len("".join(words)) < 60
    events = client.report(orders.SpeakingDone(speak.response_id))
    words.append(str(at(only(events, "response.output_audio_transcript.delta"), "delta")))
    assert "".join(words) == text
    assert at(only(events, "response.output_audio_transcript.done"), "transcript") == text
    assert at(only(events, "response.done"), "response", "output", 0, "content", 0, "transcript") == text


def test_a_text_response_has_no_audio() -> None:
    client = Client()
    client.send("response.create", response={"output_modalities": ["text"]})
    events = client.think(Say("Hello there, this is quite a text."))
    delta = "response.output_text.delta"
    assert kinds(events) == [*OPENING, delta, delta, "response.output_text.done", *DONE[2:]]
    assert at(events[-1], "response", "output", 0, "content") == [
        {"type": "output_text", "text": "Hello there, this is quite a text."}
    ]
    assert at(events[-1], "response", "output_modalities") == ["text"]
    assert not client.has(orders.Speak)


def test_tool_calls_have_the_order_of_the_original() -> None:
    client = Client()
    client.update(tools=[TOOL])
    client.send("response.create")
    events = client.think(CallTools((ToolCall("look", '{"at":"it"}'), ToolCall("look", "{}"))))
    call = [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
    ]
    assert kinds(events) == [*call, *call, "response.done"]
    assert [at(event, "output_index") for event in events if event["type"] == call[0]] == [0, 1]
    first, second = (at(events[-1], "response", "output", index) for index in (0, 1))
    assert (at(first, "name"), at(first, "arguments"), at(first, "status")) == ("look", '{"at":"it"}', "completed")
    assert at(first, "call_id") != at(second, "call_id")


def test_the_brain_sees_calls_and_their_outputs() -> None:
    client = Client()
    client.update(tools=[TOOL])
    client.send("response.create")
    call_id = at(client.think(CallTools((ToolCall("look", "{}"),))), 0, "item", "call_id")
    output = {"type": "function_call_output", "call_id": call_id, "output": "seen"}
    client.send("conversation.item.create", item=output)
    client.send("response.create")
    turns = client.last(orders.Think).prompt.turns
    assert turns == (ToolCalled(str(call_id), "look", "{}"), ToolAnswered(str(call_id), "seen"))


def test_a_second_response_must_wait() -> None:
    client = Client()
    response_id = at(client.send("response.create"), 0, "response", "id")
    events = client.send("response.create", event_id="again")
    assert refused(events) == ("conversation_already_has_active_response", None)
    assert str(response_id) in str(at(events, 0, "error", "message"))
    assert at(events, 0, "error", "event_id") == "again"
    client.answer()
    assert kinds(client.send("response.create"))[0] == "response.created"


def test_an_out_of_band_response_runs_beside_and_leaves_no_item() -> None:
    client = Client()
    client.send("response.create")
    main = client.last(orders.Think).response_id
    side = {"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "x"}, "input": []}
    created = client.send("response.create", response=side)
    assert at(created, 0, "response", "conversation_id") is None
    assert at(created, 0, "response", "metadata") == {"topic": "x"}
    events = client.think(Say("aside"))
    assert not [kind for kind in kinds(events) if str(kind).startswith("conversation.")]
    client.report(orders.Thought(main, Say("main")))
    client.report(orders.SpeakingDone(main))
    client.send("response.create")
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == ["main"]


def test_a_response_overrides_the_session_for_itself() -> None:
    client = Client()
    client.update(tools=[TOOL], instructions="Be kind.")
    own = {"instructions": "Say hello.", "tools": [], "tool_choice": "none", "input": [], "metadata": {"a": "b"}}
    pcm = {"audio": {"output": {"format": {"type": "audio/pcm"}, "voice": "cedar"}}}
    created = client.send("response.create", response={**own, **pcm})
    assert at(created, 0, "response", "audio", "output") == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "cedar",
    }
    prompt = client.last(orders.Think).prompt
    assert (prompt.instructions, prompt.request, prompt.tools) == ("Be kind.", "Say hello.", ())
    client.answer()
    client.send("response.create")
    assert client.last(orders.Think).prompt.tools[0].name == "look"


def test_own_input_may_refer_to_items() -> None:
    client = Client()
    item_id = client.say("Hello")
    client.answer()
    client.send("response.create", response={"input": [{"type": "item_reference", "id": item_id}]})
    assert [getattr(turn, "text", "") for turn in client.last(orders.Think).prompt.turns] == ["Hello"]
    client.answer()
    unknown = {"input": [{"type": "item_reference", "id": "nobody"}]}
    assert refused(client.send("response.create", response=unknown)) == ("item_not_found", "response.input[0].id")


def test_a_named_tool_must_be_there() -> None:
    choice = {"tool_choice": {"type": "function", "name": "fly"}}
    assert refused(Client().send("response.create", response=choice))[0] == "invalid_value"


def test_the_client_cancels_once() -> None:
    client = Client()
    client.send("response.create")
    client.think(Say("A long answer."))
    speak = client.last(orders.Speak)
    client.report(orders.Spoken(speak.response_id, b"\x7f" * 160))
    events = client.send("response.cancel", response_id=speak.response_id)
    assert kinds(events) == DONE
    assert at(events[-1], "response", "status_details") == {"type": "cancelled", "reason": "client_cancelled"}
    assert refused(client.send("response.cancel")) == ("response_cancel_not_active", None)


def test_a_response_that_waits_for_words_can_be_cancelled() -> None:
    client = Client()
    client.send("response.create")
    assert kinds(client.send("response.cancel")) == ["response.done"]
    assert client.report(orders.Thought(client.last(orders.Think).response_id, Say("late"))) == []


def test_the_token_limit_ends_a_response() -> None:
    client = Client()
    client.send("response.create", response={"max_output_tokens": 10})
    client.think(Say("A long answer."))
    speak = client.last(orders.Speak)
    assert len(client.report(orders.Spoken(speak.response_id, b"\x7f" * 800))) == 2
    events = client.report(orders.Spoken(speak.response_id, b"\x7f" * 8000))
    response = at(only(events, "response.done"), "response")
    assert at(response, "status_details") == {"type": "incomplete", "reason": "max_output_tokens"}
    assert client.last(orders.StopSpeaking).response_id == speak.response_id


def test_a_voice_that_fails_fails_the_response() -> None:
    client = Client()
    client.send("response.create")
    client.think(Say("Hello."))
    events = client.report(orders.SpeakingFailed(client.last(orders.Speak).response_id, "no breath"))
    response = at(only(events, "response.done"), "response")
    assert at(response, "status") == "failed"
    assert at(response, "status_details", "error", "message") == "no breath"


def test_a_brain_that_fails_fails_the_response_unless_it_comes_too_late() -> None:
    client = Client()
    client.send("response.create")
    order = client.last(orders.Think)
    events = client.report(orders.ThinkingFailed(order.response_id, "no idea"))
    response = at(only(events, "response.done"), "response")
    assert at(response, "status") == "failed"
    assert at(response, "status_details", "error", "message") == "no idea"
    assert client.report(orders.ThinkingFailed(order.response_id, "no idea")) == []


def test_usage_bills_the_whole_conversation_again() -> None:
    client = Client()
    client.update(instructions="x" * 400)
    client.say("Hello", ms=1000)
    first = at(client.answer("y" * 40, ms=1000)[-1], "response", "usage")
    assert at(first, "input_token_details", "text_tokens") == 100
    assert at(first, "input_token_details", "audio_tokens") == 10
    assert at(first, "output_token_details") == {"text_tokens": 10, "audio_tokens": 20}
    assert at(first, "input_token_details", "cached_tokens") == 0
    client.send("response.create")
    second = at(client.answer("z" * 4, ms=100)[-1], "response", "usage")
    assert at(second, "input_token_details", "audio_tokens") == 30
    assert at(second, "input_token_details", "text_tokens") == 110
    assert at(second, "input_token_details", "cached_tokens_details", "text_tokens") == 64
    assert (at(second, "input_tokens"), at(second, "output_tokens"), at(second, "total_tokens")) == (140, 3, 143)
