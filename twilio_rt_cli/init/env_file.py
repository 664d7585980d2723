"""The file `.env` on the disk: read without following a link, and replaced as a whole or not at all."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from twilio_rt_cli.errors import ServerError, SettingsError
from twilio_rt_cli.init.env_text import with_values
from twilio_rt_cli.machine.private_file import write_private
from twilio_rt_cli.machine.reasons import reason

NAME = ".env"
_ELSEWHERE = "Run init in the folder that you start the server in."
_ONE_OF_YOUR_OWN = (
    "init writes a file of your own there and nothing else: move that away, or run init in another folder."
)


def read(path: Path) -> bytes:
    """What it says; nothing when there is none. Raises SettingsError when it is no plain file, or cannot be read."""
    try:
        # Not to wait for the writer of a pipe, and not to go where a link leads.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SettingsError(f"{path.name} is a link.", hint=_ONE_OF_YOUR_OWN) from None
        if error.errno == errno.ENXIO:  # a socket
            raise SettingsError(f"{path.name} is no file.", hint=_ONE_OF_YOUR_OWN) from None
        raise SettingsError(f"{path.name} cannot be read ({reason(error)}).") from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "no file"
            raise SettingsError(f"{path.name} is {what}.", hint=_ONE_OF_YOUR_OWN)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def check_writable(path: Path) -> None:
    """Raises ServerError when it is known beforehand that it cannot be written."""
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
        raise ServerError(f"{path.name} cannot be written: this folder is not yours to write to.", hint=_ELSEWHERE)


def save(path: Path, values: Mapping[str, str], notes: Mapping[str, str]) -> None:
    """Have these values in it, for its owner alone (0600).

    It is read anew, since somebody may have changed it meanwhile. Raises SettingsError as `read` does, and for a value
    that cannot stand there; ServerError when it cannot be written.
    """
    try:
        with _alone_in(path.parent) as folder:
            write_private(path, with_values(read(path), values, notes))
            os.fsync(folder)
    except OSError as error:
        raise ServerError(
            f"{path.name} cannot be written ({reason(error)}).",
            hint="Nothing was changed: what was there is still there.",
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """While no other `init` writes there: of two, each finds what the other has written."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
