"""What is asked for, and whose word counts."""

import os
from pathlib import Path

import pytest

from tests.init.person import FOREIGN
from twilio_rt_cli.init.answers import Answers, is_secret, problem_with

TWILIO = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, [*TWILIO, "OPENAI_API_KEY"]),
        ({"REALTIME_PROVIDER": "local"}, TWILIO),
        ({"REALTIME_PROVIDER": "azure"}, [*TWILIO, "AZURE_OPENAI_URL", "AZURE_OPENAI_API_KEY"]),
        ({"OPENAI_REALTIME_URL": "ws://127.0.0.1:8765/v1/realtime"}, TWILIO),
        ({"TWILIO_SHARED_KEY": "k"}, ["TWILIO_ACCOUNT_SID", "OPENAI_API_KEY"]),
        ({"TWILIO_API_KEY": "SK1"}, [*TWILIO, "TWILIO_API_KEY", "TWILIO_API_SECRET", "OPENAI_API_KEY"]),
    ],
)
def test_what_calls_need_depends_on_what_is_set(given: dict[str, str], needed: list[str]) -> None:
    assert [name for name, one in Answers({}, given).wanted.items() if one] == needed
    assert Answers({}, given).missing == [name for name in needed if name not in given]


def test_an_answer_counts_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers({"openai_api_key": "of-the-file"})
    assert (answers.value("OPENAI_API_KEY"), answers.in_file("OPENAI_API_KEY")) == ("of-the-file", "of-the-file")
    monkeypatch.setenv("OpenAI_API_Key", " of-the-environment ")
    assert answers.value("OPENAI_API_KEY") == "of-the-environment"
    answers.given["OPENAI_API_KEY"] = "typed"
    assert (answers.value("OPENAI_API_KEY"), answers.in_file("OPENAI_API_KEY")) == ("typed", "typed")
    key = answers.settings.model.openai_api_key
    assert key is not None
    assert key.get_secret_value() == "typed"


def test_a_secret_is_masked_and_an_offer_is_shown() -> None:
    answers = Answers({"openai_api_key": "sk-proj-0123456789abcdef"})
    assert is_secret("OPENAI_API_KEY")
    assert not is_secret("TWILIO_PHONE_NUMBER")
    assert answers.shown("OPENAI_API_KEY") == "sk-proj-…cdef"
    answers.offered["TWILIO_PHONE_NUMBER"] = "+14155550100"
    assert answers.shown("TWILIO_PHONE_NUMBER") == "+14155550100"
    assert not answers.take_offered("OPENAI_API_KEY")
    assert answers.take_offered("TWILIO_PHONE_NUMBER")
    assert answers.given == {"TWILIO_PHONE_NUMBER": "+14155550100"}


def test_only_the_setting_itself_is_judged_by_its_form() -> None:
    Path(".env").write_text("PORT=no-number\n")
    assert problem_with("PUBLIC_URL", "https://b.example") == ""
    assert problem_with("PUBLIC_URL", "b.example").startswith("PUBLIC_URL ")
    assert problem_with("OPENAI_API_KEY", "two words") == "OPENAI_API_KEY must be one word of plain ASCII characters."
