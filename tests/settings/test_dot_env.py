"""What `.env` is told to be wrong with."""

from pathlib import Path

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.settings.dot_env import check_dot_env, slips


@pytest.fixture(autouse=True)
def dot_env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def complaint() -> str:
    with pytest.raises(SettingsError) as caught:
        check_dot_env()
    return caught.value.message


def test_each_bad_line_is_told_once_by_its_number(dot_env: Path) -> None:
    dot_env.write_text("# ours\nPORT=1\n\nthis is no setting\nexport HOST=localhost\nGREETING\n")
    assert complaint().splitlines() == [".env line 4 is not NAME=value.", ".env line 6 is not NAME=value."]


def test_a_folder_and_bytes_are_no_settings(dot_env: Path) -> None:
    dot_env.mkdir()
    assert complaint() == ".env is a folder, not a file."
    dot_env.rmdir()
    dot_env.write_bytes(b"PORT=\xff\xfe")
    assert complaint() == ".env cannot be read (it is not UTF-8 text)."


def test_none_or_a_good_one_is_fine(dot_env: Path) -> None:
    check_dot_env()
    assert slips(["PORT"]) == []
    dot_env.write_text('GREETING="Hello,\nyou."\nTOOLS=\n')
    check_dot_env()


def test_a_name_that_is_nearly_ours_is_told_with_the_nearest(dot_env: Path) -> None:
    dot_env.write_text("OPENAI_MODLE=x\nOPENAI_MODLE=y\nport=1\nOPENAI_ORG_ID=z\nDATABASE_URL=z\n")
    assert slips(["OPENAI_MODEL", "OPENAI_VOICE", "PORT"]) == [
        ".env sets OPENAI_MODLE, which is no setting: is OPENAI_MODEL meant?"
    ]
