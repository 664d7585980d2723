"""RELOAD, run for real: a changed file starts the server again, with the same settings and nothing secret in argv."""

import json
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from tests.nursery.nursery import Nursery
from twilio_rt_cli.settings.groups import setting_names

SECRET = "0123456789abcdef0123456789abcdef"
TOOLS = """
from twilio_rt_cli.tools import tool

@tool
def {name}(day: str) -> str:
    \"\"\"Say something about a day.\"\"\"
    return day
"""


def test_a_change_starts_the_server_again_with_the_same_settings(tmp_path: Path, nursery: Nursery) -> None:
    tools = tmp_path / "my_tools.py"
    tools.write_text(TOOLS.format(name="first"))
    names = set(setting_names())
    kept = {name: value for name, value in os.environ.items() if name not in names}
    arguments = ["--reload", "--json", "--port", "0", "--tools", "my_tools.py", "--limit-concurrency", "3"]
    given = kept | {"OPENAI_REALTIME_URL": "ws://127.0.0.1:1/v1/realtime", "TWILIO_AUTH_TOKEN": SECRET, "HOST": "::1"}
    with nursery.program("twilio_rt_cli", "serve", *arguments, folder=tmp_path, environment=given) as process:
        assert process.stdout is not None
        try:
            first = json.loads(process.stdout.readline())
            assert first["pid"] != process.pid
            assert httpx.get(first["url"] + "/healthz", trust_env=False).status_code == 200
            if sys.platform == "linux":
                assert SECRET not in Path(f"/proc/{first['pid']}/cmdline").read_text()
            tools.write_text(TOOLS.format(name="second"))
            lines = iter(process.stdout.readline, "")
            second = next(told for line in lines if (told := json.loads(line))["type"] == "server.ready")
            assert second["pid"] != first["pid"]
            assert second["url"].startswith("http://[::1]:")
            assert httpx.get(second["url"] + "/healthz", trust_env=False).status_code == 200
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        finally:
            process.terminate()
            process.wait(20)
    assert process.returncode == 0, err
    with pytest.raises(httpx.ConnectError):
        httpx.get(second["url"] + "/healthz", trust_env=False)
