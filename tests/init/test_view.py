"""What init says of git and of what comes next."""

import subprocess
from pathlib import Path

import pytest

from twilio_rt_cli.init.answers import Answers
from twilio_rt_cli.init.view import end, git_warning


@pytest.fixture(name="path")
def _path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "OPENAI_API_KEY", "NGROK_AUTHTOKEN", "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    return Path(".env")


def test_git_is_warned_of_and_how_to_stop_it_is_told(path: Path) -> None:
    assert git_warning(path) is None
    subprocess.run(["git", "init", "--quiet", "."], check=True)
    path.write_text("X=1\n")
    assert git_warning(path) == (
        ".env is not ignored by git: its keys may be committed.",
        "echo .env >> .gitignore",
    )
    subprocess.run(["git", "add", ".env"], check=True)
    warned = git_warning(path)
    assert warned is not None
    assert warned[0] == "git tracks .env: its keys are committed, or will be. Stop that, and make new keys:"
    subprocess.run(["sh", "-c", warned[1]], check=True, capture_output=True)
    assert git_warning(path) is None
    assert path.read_text() == "X=1\n"


COMPLETE = {"twilio_account_sid": "AC" + "0a" * 16, "twilio_auth_token": "t", "openai_api_key": "sk-1"}


@pytest.mark.parametrize(
    ("file", "last"),
    [
        ({}, "`twilio-rt serve --local` answers without an account"),
        (COMPLETE, "run init again once there is one"),
        (COMPLETE | {"ngrok_authtoken": "n"}, "Next: twilio-rt serve --tunnel"),
        (COMPLETE | {"public_url": "https://b.example"}, "Next: twilio-rt serve"),
        (
            COMPLETE | {"ngrok_authtoken": "n", "twilio_phone_number": "+14155550100"},
            "Next: twilio-rt serve --tunnel --number +14155550100",
        ),
    ],
)
def test_the_next_command_is_one_that_works(
    file: dict[str, str], last: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end(Answers(file), path, written=False)
    told = capsys.readouterr()
    assert told.out == ""
    assert " ".join(told.err.split()).endswith(last)
