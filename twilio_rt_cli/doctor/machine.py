"""Checks of this machine: Python, packages, `.env`, room for sockets and files, the port, ngrok."""

import platform
import shutil
import stat
import sys
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from twilio_rt_cli.doctor.finding import Finding, failures, ok, skipped, warning
from twilio_rt_cli.errors import ServerError, SettingsError
from twilio_rt_cli.machine.git import GitStatus, git_status
from twilio_rt_cli.machine.state import RunningServer
from twilio_rt_cli.settings.groups import ServerSettings, TunnelSettings

_OLDEST, _TOO_NEW = (3, 11), (3, 14)
_PACKAGES = ("twilio-rt", "fastapi", "uvicorn", "picows", "httptools", "websockets", "twilio", "pyngrok")
_DISK_BYTES = 500_000_000
_SOCKETS_A_CALL = 4


def python_finding(running: tuple[int, int] | None = None) -> Finding:
    """The interpreter."""
    message = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if _OLDEST <= (running or sys.version_info[:2]) < _TOO_NEW:
        return ok("python", message)
    return warning("python", f"{message}: twilio-rt is made for 3.11 to 3.13.", "Install it under one of those.")


def packages_finding() -> Finding:
    """What is installed."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} (not installed as a package)")
    return ok("packages", ", ".join(found))


def dot_env_findings(names: Collection[str]) -> Iterator[Finding]:
    """`.env` in the working directory: read as it should be, by nobody else, and never committed."""
    from twilio_rt_cli.settings.dot_env import check_dot_env, slips

    try:
        check_dot_env()
    except SettingsError as error:
        yield from failures("env-file", error)
        return
    path = Path(".env")
    if not path.is_file():
        yield ok("env-file", "There is no .env here: settings come from the environment alone.")
        return
    doubts = [warning("env-file", slip) for slip in slips(names)]
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        message = f".env can be read by others of this machine (mode {stat.S_IMODE(path.stat().st_mode):o})."
        doubts.append(warning("env-file", message, "chmod 600 .env"))
    if git_status(path) is not GitStatus.APART:
        doubts.append(warning("env-file", ".env is not ignored by git: its keys may be committed.", _IGNORE))
    yield from doubts or [ok("env-file", ".env is readable, for you alone.")]


_IGNORE = "echo .env >> .gitignore (and `git rm --cached .env` if it is in there already)"


def open_files_finding(calls: int, limit: int | None = None) -> Finding:
    """Whether the kernel gives us as many sockets as LIMIT_CONCURRENCY may need."""
    name = "open-files"
    limit = open_files_limit() if limit is None else limit
    if limit is None:
        return skipped(name, "This system tells no limit of open files.")
    needed = _SOCKETS_A_CALL * calls
    if limit >= needed:
        return ok(name, f"{limit} open files are allowed: enough for {calls} calls at once.")
    message = f"{limit} open files are allowed, but {calls} calls at once (LIMIT_CONCURRENCY) may need {needed}."
    fits = max(1, limit // _SOCKETS_A_CALL)
    return warning(name, message, f"ulimit -n {needed} before the server starts, or LIMIT_CONCURRENCY={fits}.")


def open_files_limit() -> int | None:
    """The soft limit of this process; None where the system has none."""
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def disk_finding(folder: Path | None = None) -> Finding:
    """Whether there is room where we keep what must not be lost."""
    from twilio_rt_cli.machine.state import state_folder

    name = "disk"
    try:
        folder = folder or state_folder()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        message = f"The state folder cannot be used: {error.strerror}. A number's old webhook could not be kept there."
        return warning(name, message, "Set XDG_STATE_HOME to a folder that you may write to.")
    message = f"{free // 1_000_000} MB are free in {folder}"
    if free >= _DISK_BYTES:
        return ok(name, f"{message}.")
    return warning(name, f"{message}: less than {_DISK_BYTES // 1_000_000} MB.", "Make room, or move XDG_STATE_HOME.")


def port_findings(wanted: ServerSettings, server: RunningServer | None) -> Iterator[Finding]:
    """Whether a server of ours runs, or could."""
    from twilio_rt_cli.machine.listen import listen

    name = "port"
    if server is not None:
        yield ok(name, f"A server runs on port {server.port} (pid {server.pid}).")
        return
    try:
        sockets = listen(wanted.host, wanted.port, 1)
    except ServerError as error:
        yield from failures(name, error)
        return
    for one in sockets:
        one.close()
    where = f"Port {wanted.port} on {wanted.host}" if wanted.port else f"A port on {wanted.host}"
    yield ok(name, f"{where} is free; no server runs.", "twilio-rt serve")


def ngrok_finding(tunnel: TunnelSettings) -> Finding:
    """Whether a tunnel could be opened."""
    from twilio_rt_cli.tunnel.ngrok_api import running_agent

    name = "ngrok"
    if (agent := running_agent(tunnel.ngrok_api_url)) is not None:
        return ok(name, f"An ngrok agent runs, and answers at {agent}.")
    if (program := shutil.which("ngrok")) is not None:
        return ok(name, f"ngrok is at {program}; no agent runs.")
    message = "There is no ngrok on PATH, and no agent runs; only `serve --tunnel` and `tunnel` need one."
    if tunnel.ngrok_authtoken is None:
        return skipped(name, message, "To use them, set NGROK_AUTHTOKEN: ngrok itself is downloaded then.")
    return ok(name, f"{message} It is downloaded then.")
