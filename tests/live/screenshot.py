"""`python -m tests.live.screenshot ADMIN_URL FILE.svg`: the live view of a running server, as a picture."""

import re
import sys
from io import StringIO
from pathlib import Path

import httpx
import msgspec
from rich.console import Console

from tests.live.rich_text import render
from twilio_rt_cli.live.snapshot import Snapshot
from twilio_rt_cli.live.view import Look

WIDTH, HEIGHT = 120, 36
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main(admin_url: str, path: Path) -> None:
    """Draw what the server tells now."""
    told = httpx.get(f"{admin_url}/calls", params={"first": 0, "rows": 100}, trust_env=False)
    snapshot = msgspec.json.decode(told.content, type=Snapshot)
    console = Console(file=StringIO(), width=WIDTH, height=HEIGHT, record=True, force_terminal=True)
    selected = snapshot.calls[0].call if snapshot.calls else ""
    console.print(render(snapshot, Look(WIDTH, HEIGHT, selected=selected)), end="")
    # Whoever looks at the picture fetches nothing: its letters are placed one by one, so any monospaced font will do.
    path.write_text(_FONT.sub("", console.export_svg(title="twilio-rt serve")))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
