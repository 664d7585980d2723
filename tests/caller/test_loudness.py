from tests.caller.sounds import hush, tone
from twilio_rt_cli.caller.loudness import audible_ms, fluent, is_audible, pieces, speech_bounds


def test_a_tone_is_audible_and_both_zeros_are_not() -> None:
    assert is_audible(tone(20))
    assert not is_audible(b"\xff" * 160)
    assert not is_audible(b"\x7f" * 160)
    assert not is_audible(b"")


def test_a_single_click_is_no_speech() -> None:
    assert speech_bounds(hush(100) + b"\x00" + hush(100)) is None


def test_speech_is_found_to_the_sample() -> None:
    first, last = speech_bounds(hush(123) + tone(500) + hush(777)) or (0, 0)

    assert abs(first - 123 * 8) <= 4  # a sine begins at zero
    assert abs(last - 623 * 8) <= 4


def test_audible_time_leaves_the_pauses_out() -> None:
    assert audible_ms(tone(200) + hush(300) + tone(100)) == 300


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    audio = tone(12_500) + hush(300) + tone(10_000)

    first, second = pieces(audio, longest_s=15)

    assert first + second == audio
    assert 12_500 * 8 <= len(first) <= 12_800 * 8


def test_short_audio_stays_whole_and_no_audio_is_no_piece() -> None:
    assert pieces(tone(100)) == (tone(100),)
    assert pieces(b"") == ()


def test_a_piece_is_never_longer_than_asked_even_without_a_pause() -> None:
    audio = tone(40_000)

    cut = pieces(audio, longest_s=15)

    assert b"".join(cut) == audio
    assert max(map(len, cut)) <= 15 * 8000


def test_speech_becomes_fluent_without_losing_any_of_it() -> None:
    audio = hush(300) + tone(400) + hush(900) + tone(500) + hush(100) + tone(200) + hush(700)

    spoken = fluent(audio, longest_pause_ms=250)

    assert audible_ms(spoken) == audible_ms(audio)
    assert abs(len(spoken) - (400 + 250 + 500 + 100 + 200) * 8) <= 80
    assert fluent(hush(500)) == hush(500)
