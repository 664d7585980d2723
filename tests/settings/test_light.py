"""Settings read without pydantic are the settings that pydantic reads."""

from pathlib import Path

import pytest

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.settings.groups import FIELDS
from twilio_rt_cli.settings.light import LightSettings
from twilio_rt_cli.settings.loading import load_some

NAMES = {"records_dir", "show_numbers"}
FLAGS = [
    *("true", "TRUE", "True", "1", "yes", "y", "on", "t", " true ", "\ttrue\n"),
    *("false", "0", "no", "N", "off", "F", " false"),
    *("", " ", "2", "perhaps", "truth", "-1", "1.0", "wahr"),
]
PATHS = ["", " ", "calls", "/var/lib/calls", "~/calls", " calls ", "a b", "ca$lls", "ü", "./x/../y"]


@pytest.fixture(autouse=True)
def _empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def light() -> tuple[Path | None, bool] | str:
    try:
        settings = LightSettings()
        return settings.path("RECORDS_DIR"), settings.flag("SHOW_NUMBERS", FIELDS["show_numbers"].default)
    except SettingsError as error:
        return f"{error.message} {error.hint}"


def heavy() -> tuple[Path | None, bool] | str:
    try:
        settings = load_some(NAMES)
        return settings.records.records_dir, settings.log.show_numbers
    except SettingsError as error:
        return f"{error.message} {error.hint}"


def test_the_defaults_are_the_same() -> None:
    assert light() == heavy() == (None, False)


@pytest.mark.parametrize("value", FLAGS)
def test_a_flag_in_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOW_NUMBERS", value)
    assert light() == heavy()


@pytest.mark.parametrize("value", PATHS)
def test_a_path_in_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDS_DIR", value)
    assert light() == heavy()


@pytest.mark.parametrize(
    "text",
    [
        "SHOW_NUMBERS=yes\nRECORDS_DIR=calls",
        "show_numbers=1\nrecords_dir='calls of ours'",
        "export SHOW_NUMBERS=true # for now\nRECORDS_DIR=",
        "SHOW_NUMBERS=maybe",
        'RECORDS_DIR="${HOME}/calls"\nSHOW_NUMBERS=$NOTHING',
        "WHERE=/x\nRECORDS_DIR=${WHERE}/y",
        "OTHER=1",
    ],
)
def test_dot_env(text: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(text)
    assert light() == heavy()


@pytest.mark.parametrize("value", ["", "no", "yes"])
def test_the_environment_wins_over_dot_env(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SHOW_NUMBERS=true\nRECORDS_DIR=there")
    monkeypatch.setenv("SHOW_NUMBERS", value)
    monkeypatch.setenv("records_dir", value)
    assert light() == heavy()


def test_a_dot_env_that_cannot_be_taken_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHOW_NUMBERS\n")
    assert light() == (
        ".env line 1 is not NAME=value. It should be UTF-8 text: NAME=value lines, and comments after #."
    )
