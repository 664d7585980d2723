"""Is killed with a tunnel open: `python -m tests.tunnel.left_behind FOLDER PORT`. Says the address first."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.tunnel.world import Changes, config
from twilio_rt_cli.tunnel import open_tunnel


async def main() -> None:
    async with open_tunnel(config(Path(sys.argv[1]), port=int(sys.argv[2])), Changes()) as tunnel:
        sys.stdout.write(tunnel.public_url)
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)


asyncio.run(main())
