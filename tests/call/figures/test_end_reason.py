"""How a call may end, and what follows from it."""

from twilio_rt_cli.call.figures.end_reason import EndReason


def test_which_ends_owe_the_caller_a_message() -> None:
    in_order = {reason.value for reason in EndReason if not reason.failed}
    assert in_order == {"caller_hung_up", "agent_hung_up", "time_limit", "operator", "probe"}
