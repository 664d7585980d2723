"""The engine in a process of its own: it starts, it is missed, and it never outlives us."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from queue import Queue

import pytest

from twilio_rt_cli.engine.process import engine_process
from twilio_rt_cli.errors import MissingExtraError, ServerError

READY = 'print(\'{"v":1,"type":"engine.ready","url":"ws://127.0.0.1:1/v1/realtime"}\', flush=True)'


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def waiting(*more: str) -> tuple[str, ...]:
    """A program that is ready and then waits for the end of its input."""
    return python("\n".join(["import os, sys", *more, READY, "os.read(0, 1)"]))


def test_it_gives_the_address_and_ends_with_the_context() -> None:
    told: Queue[int] = Queue()
    with engine_process(command=waiting(), on_death=told.put) as url:
        assert url == "ws://127.0.0.1:1/v1/realtime"
    assert told.empty()


def test_what_is_not_installed_is_told_with_its_hint() -> None:
    code = "import sys; sys.stderr.write('Error: No voice.\\nHint: pip install it\\n'); sys.exit(2)"
    with pytest.raises(MissingExtraError) as caught, engine_process(command=python(code)):
        pass
    assert (caught.value.message, caught.value.hint) == ("No voice.", "pip install it")


def test_an_engine_that_does_not_start_is_told_with_its_last_words() -> None:
    with pytest.raises(ServerError) as caught, engine_process(command=python("raise OSError('no disk')")):
        pass
    assert caught.value.message == "The offline engine ended at once (exit status 1). OSError: no disk"


def test_an_engine_that_dies_is_missed() -> None:
    told: Queue[int] = Queue()
    with engine_process(command=python(f"{READY}; raise SystemExit(7)"), on_death=told.put):
        assert told.get(timeout=10) == 7


def test_an_engine_that_will_not_go_is_killed() -> None:
    stubborn = python(f"import signal, time; signal.signal(15, signal.SIG_IGN); {READY}; time.sleep(60)")
    with engine_process(command=stubborn, stop_timeout_s=0.1):
        pass


def test_it_gets_no_secret(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "t")
    code = "sys.exit(str(sorted(name for name in os.environ if name.startswith(('OPENAI_', 'TWILIO_')))))"
    with pytest.raises(ServerError, match=r"\[\]$"), engine_process(command=waiting(code)):
        pass


def test_ctrl_c_does_not_reach_it() -> None:
    # A terminal's Ctrl-C goes to the session's foreground group: a leader of a session of its own is not in it.
    own_session = python("import os; raise OSError('own' if os.getsid(0) == os.getpid() else 'shared')")
    with pytest.raises(ServerError, match=r"own$"), engine_process(command=own_session):
        pass


def test_what_it_logs_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    last_words = "signal.signal(signal.SIGTERM, lambda *_: sys.exit('a line'))"
    with engine_process(command=python(f"import signal, sys; {last_words}; {READY}; signal.pause()")):
        pass
    assert "a line" in capsys.readouterr().err


def test_it_goes_when_we_are_gone_however_that_came(tmp_path: Path) -> None:
    alive = tmp_path / "alive"  # held open by the engine as long as it lives
    os.mkfifo(alive)
    reading = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    engine = f"""
import os, threading
from twilio_rt_cli.engine.process import end_with_parent
os.write(os.open({str(alive)!r}, os.O_WRONLY), b"alive")
threading.Thread(target=end_with_parent, daemon=True).start()
{READY}
threading.Event().wait()
"""
    us = f"""
import os, sys
from twilio_rt_cli.engine.process import engine_process
with engine_process(command=(sys.executable, "-c", {engine!r})):
    os.kill(os.getpid(), 9)
"""
    ended = subprocess.run([sys.executable, "-c", us], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert os.read(reading, 9) == b"alive"
    assert select.select([reading], [], [], 10) == ([reading], [], [])
    assert os.read(reading, 9) == b""
    os.close(reading)
