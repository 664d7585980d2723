"""The offline engine in a process of its own: what `engine/process.py` starts, until whoever started it is gone."""

import asyncio
import sys
import threading

from twilio_rt_cli.engine.process import end_with_parent
from twilio_rt_cli.engine.service import run
from twilio_rt_cli.engine.voice import load_voice_stack
from twilio_rt_cli.errors import TwilioRtError
from twilio_rt_cli.output import console
from twilio_rt_cli.output.exit_codes import report


def main() -> None:
    """An engine on a free port, announced by one line; ends the process with the exit code of what went wrong."""
    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
    try:
        asyncio.run(run(load_voice_stack(), "127.0.0.1", 0, announce=console.data, as_json=True))
    except TwilioRtError as error:
        sys.exit(report(error))


if __name__ == "__main__":
    main()
