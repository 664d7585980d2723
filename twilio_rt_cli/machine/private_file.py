"""Files that only this user can read, written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def private_file(path: Path, *, mode: int = 0o600) -> Iterator[TextIO]:
    """Write text to it; it takes its place, or another file's, when all is written and on the disk. Raises OSError.

    A link of that name is replaced, not followed.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 by itself
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_private(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write all of a file at once. Raises OSError."""
    with private_file(path, mode=mode) as file:
        file.buffer.write(content)
