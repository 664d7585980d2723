"""`twilio-rt doctor`: looks at everything a call needs, and says what to do about what is wrong."""

import typer

from twilio_rt_cli.cli.options import JsonObject

EXAMPLES = """\b
Examples:
  twilio-rt doctor
  twilio-rt doctor --json
"""


def doctor(
    *,
    json: JsonObject = False,
) -> None:
    """Check settings, keys, model, Twilio account, number and the way that Twilio takes to a running server.

    Every check is told with what it means and the next command. Nothing is changed anywhere, and no call is placed;
    at the model one session is opened and closed, without a response.
    """
    from twilio_rt_cli.doctor.checks import diagnosis
    from twilio_rt_cli.doctor.finding import exit_code
    from twilio_rt_cli.doctor.view import show

    findings = diagnosis()
    show(findings, json=json)
    if code := exit_code(findings):
        raise typer.Exit(code)
