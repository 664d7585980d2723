"""Log lines as the agent writes them to stdout."""

import sys
from datetime import UTC, datetime


def line(level: str, message: str, **fields: str) -> None:
    """One logfmt line, flushed. Who reads us may be gone: an agent goes on without."""
    told = " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    try:
        sys.stdout.write(f't={at} lvl={level} msg="{message}" {told}'.rstrip() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r\n", "\\r\\n").replace("\n", "\\n")
    return f'"{escaped}"' if " " in value or '"' in value else escaped
