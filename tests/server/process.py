"""A server in a process of its own, for real signals: `python -m tests.server.process '{"drain_s": 5}'`.

Says its URL once it is ready, then every notice, then "stopped".
"""

import json
import sys

from tests.server.world import EchoCall, config
from twilio_rt_cli.errors import ServerError
from twilio_rt_cli.server.run import BridgeServer


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    server = BridgeServer(config(**json.loads(sys.argv[1])), EchoCall, say)
    try:
        server.run(lambda: say(server.local_url))
    except ServerError as error:
        sys.exit(error.message)
    say("stopped")


if __name__ == "__main__":
    main()
