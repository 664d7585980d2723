"""`twilio-rt init`: asks for what `.env` needs, checks it, and writes the file."""

from twilio_rt_cli.cli.options import JsonObject

EXAMPLES = """\b
Examples:
  twilio-rt init
  twilio-rt init --json
"""


def init(
    *,
    json: JsonObject = False,
) -> None:
    """Ask for what .env needs, one question each, check each answer where it can be checked, and write .env.

    What stands in .env already is kept, and nothing is written before the last question is answered. Without a terminal
    it says what to write instead, and ends with 6 if something is missing.
    """
    from twilio_rt_cli.init.run import run

    run(json=json)
