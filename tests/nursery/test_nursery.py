import asyncio
import signal
import subprocess
from pathlib import Path

import pytest

from tests.live.glass import Glass
from tests.nursery.nursery import Nursery

TELLS = """
import os, sys
print(__name__, sys.argv[1:], sorted(os.environ), os.getcwd())
print("and", sys.stdin.read() == "", file=sys.stderr)
"""


def test_a_module_runs_as_by_python_m(nursery: Nursery, tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "tells.py").write_text(TELLS)
        async with nursery.start("tells", "a", "b c", folder=tmp_path, environment={"ONE": "1"}) as process:
            out, err = await process.communicate()
        assert out.decode().splitlines() == [f"__main__ ['a', 'b c'] ['ONE'] {tmp_path}"]
        assert err == b"and True\n"
        assert process.returncode == 0

    asyncio.run(story())


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('sorry')", 1, "sorry"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
        ("import atexit; atexit.register(print, 'bye', file=__import__('sys').stderr)", 0, "bye"),
    ],
)
def test_it_ends_as_by_python_m(nursery: Nursery, tmp_path: Path, code: str, status: int, said: str) -> None:
    async def story() -> None:
        (tmp_path / "ends.py").write_text(code)
        async with nursery.start("ends", folder=tmp_path) as process:
            _, err = await process.communicate()
        assert process.returncode == status
        assert err.decode().strip().endswith(said)

    asyncio.run(story())


def test_what_a_test_leaves_running_is_killed(nursery: Nursery, tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "waits.py").write_text("print('here', flush=True); import signal; signal.pause()")
        async with nursery.start("waits", folder=tmp_path) as process:
            assert await process.stdout.readline() == b"here\n"
            assert process.returncode is None
        assert process.returncode == -signal.SIGKILL

    asyncio.run(story())


# Without a loop


def test_a_program_is_told_signals_and_gives_all_that_it_wrote(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "stops.py").write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('x' * 100_000))\n"
        "print('here', flush=True)\n"
        "signal.pause()\n"
    )
    with nursery.program("stops", folder=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20) == ("", "x" * 100_000 + "\n")
        assert process.returncode == 1
        process.send_signal(signal.SIGTERM)  # nobody is there any more


def test_a_program_that_is_left_running_is_killed(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import signal; signal.pause()")
    with nursery.program("waits", folder=tmp_path) as process:
        pass
    assert process.returncode == -signal.SIGKILL


def test_a_program_has_a_terminal_of_its_own(nursery: Nursery, tmp_path: Path) -> None:
    (tmp_path / "reads.py").write_text(
        "import os, sys\n"
        "print(os.getsid(0) == os.getpid() == os.tcgetpgrp(0), sys.stdout.isatty(), file=sys.stderr)\n"
        "print('name?')\n"
        "print(sys.stdin.readline().upper())\n"
    )
    glass = Glass()
    with nursery.program("reads", folder=tmp_path, terminal=glass.descriptor, piped=[2]) as process:
        glass.wait(lambda seen: "name?" in seen.raw)
        glass.press("alan\n")
        glass.wait(lambda seen: "ALAN" in seen.raw)
        assert process.communicate(timeout=20) == ("", "True True\n")
    assert process.returncode == 0
    glass.close()
