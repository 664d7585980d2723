"""Which ngrok to run: the one that was named, the one on PATH, or the one that pyngrok keeps, downloaded once."""

import asyncio
import logging
import os
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path

from twilio_rt_cli.errors import ServiceError, SettingsError, UnreachableError
from twilio_rt_cli.machine.threads import in_thread
from twilio_rt_cli.tunnel.config import TunnelConfig
from twilio_rt_cli.tunnel.failures import INSTALL_HINT

log = logging.getLogger("twilio_rt.tunnel")

_DOWNLOAD_S = 180.0


async def ngrok_program(config: TunnelConfig) -> Path:
    """The program's path. Raises UnreachableError or ServiceError when there is none and it cannot be downloaded."""
    if config.ngrok_path is not None:
        return config.ngrok_path
    try:
        async with asyncio.timeout(_DOWNLOAD_S):
            return await in_thread(lambda: _on_path() or _installed(config))
    except TimeoutError:
        raise UnreachableError("The download of ngrok takes too long.", hint=INSTALL_HINT) from None


def _on_path() -> Path | None:
    found = shutil.which("ngrok")
    return Path(found).absolute() if found else None


def _installed(config: TunnelConfig) -> Path:
    from pyngrok import installer
    from pyngrok.conf import DEFAULT_NGROK_CONFIG_PATH, DEFAULT_NGROK_PATH
    from pyngrok.exception import PyngrokError

    program = Path(os.environ.get("PYNGROK_NGROK_PATH") or DEFAULT_NGROK_PATH).absolute()
    if program.exists():
        return program
    if config.authtoken is None and not Path(DEFAULT_NGROK_CONFIG_PATH).is_file():
        hint = "Make an account at https://dashboard.ngrok.com, and set NGROK_AUTHTOKEN to its authtoken."
        raise SettingsError("NGROK_AUTHTOKEN is missing, and so is ngrok.", hint=hint)
    log.warning("there is no ngrok on PATH: downloading it to %s", program)
    try:
        with redirect_stdout(sys.stderr):  # it shows its progress
            installer.install_ngrok(str(program))
    except (PyngrokError, OSError) as error:
        cause = error.__context__ or error
        kind = UnreachableError if isinstance(cause, OSError) else ServiceError
        raise kind(f"ngrok is not installed, and cannot be downloaded: {cause}.", hint=INSTALL_HINT) from error
    return program
