"""A server in a process of its own, for real signals: `python -m tests.server.process '{"drain_s": 5}'`.

Says its URL once it is ready, then every notice, then "stopped". `linger_s`: how long a call that is ended goes on.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.server.world import EchoCall, config
from twilio_rt_cli.call.figures.end_reason import EndReason
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.server.run import BridgeServer, PublicPort


class Call(EchoCall):
    """Goes on for a while when it is ended, as one whose last words are still being heard."""

    linger_s = 0.0

    def end(self, reason: EndReason) -> None:
        asyncio.get_running_loop().call_later(self.linger_s, super().end, reason)


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    given: dict[str, Any] = json.loads(sys.argv[1])
    Call.linger_s = given.pop("linger_s", 0.0)
    server = BridgeServer(config(**given), Call if Call.linger_s else EchoCall, say)

    @asynccontextmanager
    async def surroundings(port: PublicPort) -> AsyncIterator[None]:
        say(port.local_url)
        yield

    try:
        server.run(surroundings)
    except ServerError as error:
        sys.exit(error.message)
    say("stopped")


if __name__ == "__main__":
    main()
