import json
from base64 import b64encode

import pytest

from tests.caller.sounds import hush, tone
from twilio_rt_cli.caller.phone import AgentAudio, AgentCut, Effect, Identity, Phone, PhoneStage
from twilio_rt_cli.caller.playout import Cleared
from twilio_rt_cli.errors import LocalProtocolError
from twilio_rt_cli.protocol import twilio
from twilio_rt_cli.protocol.twilio import AccountSid, CallSid, StreamSid

STREAM = StreamSid("MZ1")
IDENTITY = Identity(CallSid("CA1"), AccountSid("AC1"), STREAM, (("token", "t"),))


def talking(*, buffer_delay_ms: int = 0) -> Phone:
    phone = Phone(IDENTITY, buffer_delay_ms=buffer_delay_ms)
    phone.pick_up(100.0)
    return phone


def media(audio: bytes, stream: StreamSid = STREAM) -> bytes:
    return twilio.media_prefix(stream) + b64encode(audio) + twilio.MEDIA_SUFFIX


def mark(name: str) -> bytes:
    return twilio.mark_prefix(STREAM) + name.encode() + twilio.MARK_SUFFIX


CLEAR = twilio.clear_text(STREAM)


def echoes(effects: tuple[Effect, ...] | tuple[bytes, ...]) -> list[str]:
    frames = [json.loads(effect) for effect in effects if isinstance(effect, bytes)]
    return [frame["mark"]["name"] for frame in frames]


# What Twilio sends


def test_it_begins_with_connected_and_start_exactly_as_twilio() -> None:
    connected, start = Phone(IDENTITY).pick_up(100.0)

    assert json.loads(connected) == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert json.loads(start) == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": "AC1",
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"token": "t"},
        },
        "streamSid": "MZ1",
    }


def test_a_frame_of_twenty_milliseconds_comes_every_twenty_milliseconds() -> None:
    phone = talking()

    assert phone.frames(100.019) == ()
    (first,) = phone.frames(100.02)
    assert json.loads(first) == {
        "event": "media",
        "sequenceNumber": "2",
        "media": {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": b64encode(hush(20)).decode()},
        "streamSid": "MZ1",
    }
    assert phone.frames(100.0399) == ()
    (second,) = phone.frames(100.041)
    assert json.loads(second)["media"]["timestamp"] == "20"


def test_the_clock_never_drifts_however_late_it_is_asked() -> None:
    phone = talking()
    at, made = 100.0, 0
    while at < 160.0:
        at = max(at, phone.deadline() or 0) + 0.0031  # always three milliseconds late
        made += len(phone.frames(at))

    assert made == int((at - 100.0) / 0.02)


def test_after_a_stall_the_frames_come_without_a_burst() -> None:
    phone = talking()

    batches, at = [len(phone.frames(100.5))], 100.5
    while (at := phone.deadline() or 0) < 100.6:
        batches.append(len(phone.frames(at)))

    assert max(batches) == 5
    assert sum(batches) == 29
    assert phone.frames(100.6) != ()


def test_words_begin_with_the_next_frame_and_silence_follows() -> None:
    phone = talking()
    phone.frames(100.02)

    spoken = phone.say(hush(30) + tone(50) + hush(100))

    assert (round(spoken.onset_at, 2), round(spoken.end_at, 2)) == (100.05, 100.1)
    before = phone.speaking
    for tick in range(2, 20):
        phone.frames(100.0 + tick * 0.02)
    assert (before, phone.speaking) == (True, False)
    assert bytes(phone.spoken[: 210 * 8]) == hush(50) + tone(50) + hush(110)


def test_words_said_while_speaking_follow_the_others() -> None:
    phone = talking()
    phone.say(tone(100))

    assert round(phone.say(tone(100)).onset_at, 3) == 100.1


def test_silent_words_begin_and_end_at_once() -> None:
    spoken = talking().say(hush(500))

    assert spoken.onset_at == spoken.end_at == 100.0


def test_a_lost_frame_makes_no_message_and_only_the_timestamp_jumps() -> None:
    lost = iter([False, True, False])
    phone = Phone(IDENTITY, loses=lambda: next(lost))
    phone.pick_up(100.0)

    frames = [json.loads(frame) for frame in phone.frames(100.06)]

    assert [frame["sequenceNumber"] for frame in frames] == ["2", "3"]
    assert [(frame["media"]["chunk"], frame["media"]["timestamp"]) for frame in frames] == [("1", "0"), ("2", "40")]
    assert phone.counters.frames_sent == 2


def test_keys_and_stop_count_in_the_same_sequence() -> None:
    phone = talking()
    key, stop = json.loads(phone.press("5")), json.loads(phone.hang_up(100.5))

    assert key == {
        "event": "dtmf",
        "streamSid": "MZ1",
        "sequenceNumber": "2",
        "dtmf": {"track": "inbound_track", "digit": "5"},
    }
    assert stop == {
        "event": "stop",
        "streamSid": "MZ1",
        "sequenceNumber": "3",
        "stop": {"accountSid": "AC1", "callSid": "CA1"},
    }
    assert phone.frames(101.0) == ()
    assert phone.deadline() is None
    assert phone.stage is PhoneStage.OVER


def test_it_picks_up_once_and_hangs_up_once() -> None:
    phone = talking()
    with pytest.raises(LocalProtocolError):
        phone.pick_up(101.0)
    phone.hang_up(102.0)
    with pytest.raises(LocalProtocolError):
        phone.hang_up(103.0)


def test_what_it_sends_is_read_by_our_own_decoder() -> None:
    phone = talking()
    frames = [*Phone(IDENTITY).pick_up(1.0), *phone.frames(100.04), phone.press("#"), phone.hang_up(101.0)]

    read = [twilio.decode(frame) for frame in frames]

    kinds = [twilio.Connected, twilio.Start, twilio.Media, twilio.Media, twilio.Dtmf, twilio.Stop]
    assert [type(event) for event in read] == kinds


# What it does with what the server sends


def test_a_mark_is_echoed_when_the_audio_before_it_was_played() -> None:
    phone = talking()
    phone.receive(media(tone(100)), 100.01)

    assert phone.receive(mark("g1:800"), 100.01) == ()
    assert phone.wake(100.10) == ()
    assert phone.deadline() == 100.02  # the next media frame comes first
    (echo,) = phone.wake(100.11)
    assert json.loads(echo) == {
        "event": "mark",
        "streamSid": "MZ1",
        "sequenceNumber": "2",
        "mark": {"name": "g1:800"},
    }
    assert (phone.counters.marks_received, phone.counters.marks_echoed) == (1, 1)


def test_the_deadline_is_that_of_a_mark_when_it_comes_before_the_next_frame() -> None:
    phone = talking()
    phone.receive(media(tone(5)), 100.0)
    phone.receive(mark("m"), 100.0)

    assert phone.deadline() == 100.005


def test_a_mark_with_nothing_before_it_is_echoed_at_once() -> None:
    phone = talking()

    assert echoes(phone.receive(mark("probe"), 100.01)) == ["probe"]


def test_a_mark_that_is_due_is_echoed_before_a_message_that_comes_later() -> None:
    phone = talking()
    phone.receive(media(tone(100)), 100.0)
    phone.receive(mark("played"), 100.0)
    phone.receive(media(tone(500)), 100.05)
    phone.receive(mark("flushed"), 100.05)

    effects = phone.receive(CLEAR, 100.3)

    assert [type(effect) for effect in effects] == [bytes, AgentCut, bytes]
    assert echoes(effects) == ["played", "flushed"]


def test_clear_stops_at_once_and_tells_what_was_played() -> None:
    phone = talking()
    phone.receive(media(tone(1000)), 100.0)

    (cut,) = phone.receive(CLEAR, 100.25)

    assert cut == AgentCut(Cleared(100.25, 2000, 6000))
    assert phone.cuts == [Cleared(100.25, 2000, 6000)]
    assert phone.heard(200.0) == ((100.0, tone(1000)[:2000]),)
    assert not phone.agent_talking(100.25)


def test_an_answer_begins_where_nothing_audible_was_left() -> None:
    phone = talking()
    first = phone.receive(media(tone(100)), 100.0)
    more = phone.receive(media(tone(100) + hush(500)), 100.05)
    silence = phone.receive(media(hush(20)), 100.3)
    following = phone.receive(media(tone(100)), 100.35)

    assert first == (AgentAudio(100.0, 0, audible=True, fresh=True),)
    assert more == (AgentAudio(100.05, 800, audible=True, fresh=False),)
    assert silence == (AgentAudio(100.3, 5600, audible=False, fresh=True),)
    assert following == (AgentAudio(100.35, 5760, audible=True, fresh=True),)


def test_the_agent_is_audible_while_its_audio_is_played() -> None:
    phone = talking(buffer_delay_ms=60)
    phone.receive(media(tone(100) + hush(100)), 100.0)

    assert [phone.agent_audible(100 + ms / 1000) for ms in (50, 80, 160, 190, 300)] == [False, True, True, False, False]
    assert [phone.agent_talking(100 + ms / 1000) for ms in (50, 159, 161)] == [True, True, False]


def test_what_was_not_played_when_the_caller_hangs_up_is_never_heard() -> None:
    phone = talking()
    phone.receive(media(tone(1000)), 100.0)
    phone.hang_up(100.1)

    assert phone.heard(500.0) == ((100.0, tone(1000)[:800]),)


# Breaches


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (media(tone(20), StreamSid("MZ2")), 31951),
        (b'{"event":"media","streamSid":"MZ1","media":{"payload":"//8=","track":"outbound"}}', 31951),
        (b'{"event":"media","streamSid":"MZ1","sequenceNumber":"1","media":{"payload":"//8="}}', 31951),
        (b'{"event":"hello","streamSid":"MZ1"}', 31951),
        (b'{"event":"mark","streamSid":"MZ1"}', 31951),
        (b'{"event":"media","streamSid":"MZ1","media":{"payload":"not base64"}}', 31951),
        (b'{"event":"media","streamSid":"MZ1","media":{"payload":""}}', 31951),
        (b"ping", 31951),
        (b"[" * 100_000, 31951),
        (media(b"\xff" * 900_000), 31924),
    ],
)
def test_a_breach_is_noted_with_twilios_number_and_the_message_ignored(raw: bytes, code: int) -> None:
    phone = talking()

    assert phone.receive(raw, 101.5) == ()
    assert [(breach.code, breach.at_ms) for breach in phone.violations] == [(code, 1500)]
    assert phone.heard(200.0) == ()


def test_equal_breaches_are_counted_not_listed() -> None:
    phone = talking()
    for _ in range(3):
        phone.receive_binary(101.0)

    assert [(breach.code, breach.count) for breach in phone.violations] == [(31950, 3)]


def test_ten_minutes_of_audio_are_too_much() -> None:
    phone = talking()
    minute = media(hush(60_000))
    for _ in range(11):
        phone.receive(minute, 100.0)

    assert [(breach.code, breach.count) for breach in phone.violations] == [(31931, 1)]


def test_a_message_long_after_stop_is_a_breach_and_one_that_crossed_it_is_not() -> None:
    phone = talking()
    phone.hang_up(101.0)

    assert phone.receive(media(tone(20)), 101.4) == ()
    assert phone.violations == []
    phone.receive(media(tone(20)), 102.1)
    assert [breach.text for breach in phone.violations] == ["a message after stop"]


def test_a_right_server_breaks_nothing() -> None:
    phone = talking()
    for raw in (media(tone(20)), mark("a"), CLEAR):
        phone.receive(raw, 100.1)

    assert phone.violations == []
