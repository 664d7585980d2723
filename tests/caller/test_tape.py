from twilio_rt_cli.caller.tape import CallTape


def test_both_sides_stand_where_they_were_heard_and_are_equally_long() -> None:
    tape = CallTape(100.0)
    tape.caller(100.01, b"c" * 80)
    tape.agent(100.02, b"a" * 160)

    assert tape.tracks() == (b"\xff" * 80 + b"c" * 80 + b"\xff" * 160, b"\xff" * 160 + b"a" * 160)


def test_a_later_stretch_may_cover_the_end_of_an_earlier_one() -> None:
    tape = CallTape(0.0)
    tape.agent(0.0, b"a" * 160)
    tape.agent(0.01, b"b" * 160)

    assert tape.tracks()[1] == b"a" * 80 + b"b" * 160
