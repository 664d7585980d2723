"""`twilio-rt configure-number`, through the real SDK, against the stand-in for Twilio's REST API."""

import json
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.cli.test_serve import environment
from tests.numbers.world import of_a_dead_process
from tests.nursery.nursery import Nursery
from tests.twilio_rest import Number, TwilioRest, twilio_rest
from twilio_rt_cli.cli.app import app
from twilio_rt_cli.numbers import Journal, NumberPointer, plan, webhook_url
from twilio_rt_cli.settings.groups import FIELDS
from twilio_rt_cli.twilio_api import Account, TwilioApi

ROOT = Path(__file__).parents[2]
NUMBER, OTHER = "+14155550100", "+14155550101"
THEIRS = "https://prod.example.com/answer"
OURS = "https://ab12.ngrok.app"
POINTED = f"{OURS}/incoming-call"


@pytest.fixture
def rest() -> Iterator[TwilioRest]:
    with twilio_rest([Number(NUMBER, "Support line", voice_url=THEIRS), OTHER]) as running:
        yield running


@pytest.fixture(autouse=True)
def account(rest: TwilioRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's settings, and a state folder of the test's own."""
    for name in FIELDS:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in settings(rest, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def settings(rest: TwilioRest, folder: Path) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": rest.account.sid,
        "TWILIO_AUTH_TOKEN": rest.account.auth_token,
        "TWILIO_API_URL": rest.url,
        "XDG_STATE_HOME": str(folder / "state"),
    }


def configure(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["configure-number", *arguments])
    assert result.exit_code == code, result.output
    return result


def told(*arguments: str, code: int = 0) -> dict[str, Any]:
    """The one object on stdout."""
    result = configure(*arguments, "--json", code=code)
    assert result.stdout.count("\n") == 1
    object_: dict[str, Any] = json.loads(result.stdout)
    assert list(object_) == ["v", "number", "sid", "before", "after", "changed", "restored", "dry_run", "warnings"]
    return object_


def url_of(rest: TwilioRest, number: str = NUMBER) -> str | None:
    return rest.account.number(number).voice_url


# Looking


def test_show_reads_only(rest: TwilioRest) -> None:
    sid = rest.account.number(NUMBER).sid
    assert configure(NUMBER, "--show").stdout == (
        f'Number {NUMBER}  "Support line"  {sid}\n'
        f"  voice_url              {THEIRS}\n"
        "  voice_method           POST\n"
        "  voice_fallback_method  POST\n"
        "  status_callback_method POST\n"
    )
    shown = told(sid, "--show")
    assert (shown["number"], shown["sid"], shown["changed"], shown["restored"]) == (NUMBER, sid, False, False)
    assert shown["before"] == shown["after"]
    assert {method for method, _ in rest.asked()} == {"GET"}


def test_a_dry_run_shows_the_difference_and_changes_nothing(rest: TwilioRest) -> None:
    result = configure(NUMBER, "--url", OURS, "--dry-run")
    sid = rest.account.number(NUMBER).sid
    assert result.stdout == (
        f'Number {NUMBER}  "Support line"  {sid}  ⚠ has a live webhook\n'
        f"  voice_url              {THEIRS} → {POINTED}\n"
        "  voice_fallback_url     (none) → https://twimlets.com/echo?Twiml=… (an apology)\n"
        "Dry run: nothing was changed.\n"
    )
    assert result.stderr == f"Warning: {NUMBER} has a live webhook.\n"
    dry = told(NUMBER, "--url", OURS, "--dry-run")
    assert (dry["dry_run"], dry["changed"], dry["after"]["voice_url"]) == (True, False, POINTED)
    assert {method for method, _ in rest.asked()} == {"GET"}
    assert Journal().entries() == []


# Changing


def test_off_a_terminal_nothing_is_changed_without_a_yes(rest: TwilioRest) -> None:
    result = configure(NUMBER, "--url", OURS, code=6)
    assert f"→ {POINTED}" in result.stdout
    assert result.stderr.endswith(
        f"Error: {NUMBER} would be changed at Twilio. Nobody is here to agree to it.\n"
        "Hint: Look at it with --dry-run, then --yes.\n"
    )
    assert url_of(rest) == THEIRS


def test_with_a_yes_it_is_changed_and_put_back(rest: TwilioRest) -> None:
    result = configure(NUMBER, "--url", f"{OURS}/", "--yes")
    path = Journal().path(rest.account.number(NUMBER).sid)
    assert result.stdout.endswith(f"Changed. Backup: {path}\nUndo: twilio-rt configure-number {NUMBER} --restore\n")
    assert url_of(rest) == POINTED
    assert "Pointed here by twilio-rt on " in configure(NUMBER, "--show").stdout
    assert configure("--restore").stdout == f"{NUMBER} is as it was: {THEIRS}.\n"
    assert url_of(rest) == THEIRS
    assert configure("--restore").stdout == "Nothing to put back: we have changed no number, or put it back already.\n"


def test_the_object_tells_what_was_done(rest: TwilioRest) -> None:
    changed = told(NUMBER, "--url", OURS, "--yes")
    assert (changed["v"], changed["changed"], changed["restored"], changed["dry_run"]) == (1, True, False, False)
    assert (changed["before"]["voice_url"], changed["after"]["voice_url"]) == (THEIRS, POINTED)
    assert changed["warnings"] == [f"{NUMBER} has a live webhook."]
    assert told("--restore", "--dry-run")["restored"] is False
    back = told("--restore")
    assert (back["changed"], back["restored"], back["after"]["voice_url"]) == (True, True, THEIRS)
    none = told("--restore")
    assert (none["number"], none["before"], none["restored"]) == (None, None, False)


def test_what_is_right_already_is_not_asked_about(rest: TwilioRest) -> None:
    configure(NUMBER, "--url", OURS, "--yes")
    result = configure(NUMBER, "--url", OURS)
    assert result.stdout.endswith(f"Nothing to change: {NUMBER} points to {POINTED} already.\n")


def test_a_trunk_is_said_and_cleared(rest: TwilioRest) -> None:
    rest.account.number(NUMBER).trunk_sid = "TK1"
    result = configure(NUMBER, "--url", OURS, "--yes")
    assert (
        "Warning: trunk_sid TK1 is set, so its SIP trunk takes its calls whatever the webhook is: it is cleared."
        in (result.stderr)
    )
    assert not rest.account.number(NUMBER).trunk_sid
    configure("--restore")
    assert rest.account.number(NUMBER).trunk_sid == "TK1"


def test_the_apology_is_the_fallback_message(rest: TwilioRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FALLBACK_MESSAGE", "Nobody_is_here")
    configure(NUMBER, "--url", OURS, "--yes")
    assert "Nobody_is_here" in (rest.account.number(NUMBER).voice_fallback_url or "")


def test_a_number_that_cannot_take_calls_is_refused(rest: TwilioRest) -> None:
    rest.account.number(NUMBER).voice = False
    assert f"{NUMBER} cannot take voice calls." in configure(NUMBER, "--url", OURS, "--yes", code=2).stderr


# On a terminal


@pytest.mark.parametrize(("answer", "code", "url"), [("y", 0, POINTED), ("", 6, THEIRS), ("no", 6, THEIRS)])
def test_on_a_terminal_it_asks(  # noqa: PLR0917
    answer: str, code: int, url: str, rest: TwilioRest, tmp_path: Path, nursery: Nursery
) -> None:
    ours, theirs = pty.openpty()
    command = ("twilio_rt_cli", "configure-number", NUMBER, "--url", OURS)
    given = environment(**settings(rest, tmp_path))
    with nursery.program(*command, environment=given, terminal=theirs, piped=[1]) as process:
        os.close(theirs)
        asked = b""
        while b"[y/N]" not in asked:
            asked += os.read(ours, 1024)
        os.write(ours, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == code
    assert f"→ {POINTED}" in out
    assert b"Change it now? [y/N]" in asked
    assert url_of(rest) == url


# Which number


def test_the_setting_names_the_number(rest: TwilioRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_PHONE_NUMBER", OTHER)
    configure("--url", OURS, "--yes")
    assert (url_of(rest, OTHER), url_of(rest)) == (POINTED, THEIRS)


@pytest.mark.parametrize("arguments", [["--show"], ["+14155550199", "--show"], ["--url", OURS, "--yes"]])
def test_an_unclear_number_is_exit_2_with_the_list(arguments: list[str], rest: TwilioRest) -> None:
    result = configure(*arguments, code=2)
    assert result.stdout == ""
    assert f"Hint:   {NUMBER}  {rest.account.number(NUMBER).sid}  Support line\n" in result.stderr


# Which URL


def test_public_url_is_the_default(rest: TwilioRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", OURS)
    configure(NUMBER, "--yes")
    assert url_of(rest) == POINTED


def test_without_any_url_it_says_where_one_comes_from() -> None:
    result = configure(NUMBER, code=2)
    assert result.stderr == (
        "Error: There is no public URL to point the number to.\n"
        "Hint: Give --url https://…, set PUBLIC_URL, or start `twilio-rt serve` and a tunnel to it.\n"
    )


def test_a_loopback_url_is_for_another_api_only(rest: TwilioRest, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(NUMBER, "--url", "http://127.0.0.1:5001", "--yes")
    assert url_of(rest) == "http://127.0.0.1:5001/incoming-call"
    monkeypatch.delenv("TWILIO_API_URL")
    result = configure(NUMBER, "--url", "http://127.0.0.1:5001", "--yes", code=2)
    assert "http://127.0.0.1:5001 is this machine's own address: Twilio cannot reach it." in result.stderr


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ab12.ngrok.app", "is not a URL"),
        ("https://a.example/path", "must be an origin"),
        ("http://a.example", "must begin with https://"),
    ],
)
def test_a_url_that_is_no_origin_is_refused(url: str, problem: str) -> None:
    assert f"Error: --url {problem}" in configure(NUMBER, "--url", url, code=2).stderr


def test_the_webhook_itself_is_understood(rest: TwilioRest) -> None:
    configure(NUMBER, "--url", POINTED, "--yes")
    assert url_of(rest) == POINTED


@pytest.mark.parametrize(
    "arguments", [["--show", "--restore"], ["--restore", "--url", OURS], ["--show", "--url", OURS]]
)
def test_options_that_exclude_one_another(arguments: list[str]) -> None:
    assert "Usage: " in configure(*arguments, code=2).stderr


# What goes wrong


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_ACCOUNT_SID")
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    result = configure(NUMBER, "--show", code=2)
    assert result.stderr.startswith(
        "Error: TWILIO_ACCOUNT_SID is missing.\n"
        "Error: TWILIO_AUTH_TOKEN is missing (or TWILIO_API_KEY and TWILIO_API_SECRET).\n"
    )


def test_settings_of_others_are_no_business_of_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAD_THRESHOLD", "loud")
    monkeypatch.setenv("PROMPT_FILE", "missing.md")
    configure(NUMBER, "--show")
    monkeypatch.setenv("TWILIO_API_URL", "nonsense")
    assert "TWILIO_API_URL is not a URL" in configure(NUMBER, "--show", code=2).stderr


@pytest.mark.parametrize("arguments", [["--show"], ["--url", OURS, "--yes"], ["--url", OURS, "--dry-run"]])
def test_a_wrong_token_is_exit_4(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary-canary-canary-canary")
    result = configure(NUMBER, *arguments, "--json", code=4)
    assert result.stdout == ""
    assert "canary" not in result.output


def test_an_api_that_is_down_is_exit_5(rest: TwilioRest) -> None:
    rest.faults.status = 503
    assert configure(NUMBER, "--url", OURS, "--yes", code=5).stdout == ""


def test_restoring_while_the_api_is_down_is_exit_1_and_can_be_tried_again(rest: TwilioRest) -> None:
    configure(NUMBER, "--url", OURS, "--yes")
    path = Journal().path(rest.account.number(NUMBER).sid)
    rest.faults.status = 503
    result = configure("--restore", "--json", code=1)
    assert result.stdout == ""
    assert f"Error: {NUMBER} could not be put back, and still points to us.\n" in result.stderr
    assert f"Hint: Its old webhook is kept in {path}: try again with --restore.\n" in result.stderr
    rest.heal()
    configure("--restore")
    assert url_of(rest) == THEIRS


def test_a_webhook_that_somebody_set_meanwhile_is_left_alone(rest: TwilioRest) -> None:
    configure(NUMBER, "--url", OURS, "--yes")
    rest.account.number(NUMBER).voice_url = "https://me:canary@new.example.com/"
    result = configure("--restore", "--json")
    object_ = json.loads(result.stdout)
    assert (object_["restored"], object_["changed"]) == (False, False)
    assert object_["warnings"] == [
        f"{NUMBER} was left alone: somebody has pointed it elsewhere since, to https://me:…@new.example.com/."
    ]
    assert "canary" not in result.output
    assert url_of(rest) == "https://me:canary@new.example.com/"


def test_several_changed_numbers_must_be_named(rest: TwilioRest) -> None:
    configure(NUMBER, "--url", OURS, "--yes")
    configure(OTHER, "--url", OURS, "--yes")
    result = configure("--restore", code=2)
    assert "2 numbers could be put back: name one." in result.stderr
    configure("+1 (415) 555-0101", "--restore")
    assert (url_of(rest), url_of(rest, OTHER)) == (POINTED, "https://demo.twilio.com/welcome/voice/")


def test_what_a_killed_server_left_behind_is_said_and_put_back(rest: TwilioRest) -> None:
    journal = Journal()
    account = Account(account_sid=rest.account.sid, auth_token=rest.account.auth_token, api_url=rest.url)
    with TwilioApi(account) as api:
        entry = NumberPointer(api, journal, until_exit=True).point(plan(api.number(NUMBER), webhook_url(OURS)))
    assert entry is not None
    held = f"Warning: A server that runs (pid {os.getpid()}) holds this number; it will leave it alone from now on.\n"
    assert configure(NUMBER, "--url", "https://other.example", "--dry-run").stderr == held
    journal.write(of_a_dead_process(entry))
    said = f"A server that is gone left {NUMBER} pointed to {POINTED}; "
    assert said in configure(OTHER, "--show").stderr
    assert told(OTHER, "--show")["warnings"][0].startswith(said)
    assert configure("--restore").stderr == ""
    assert url_of(rest) == THEIRS


def test_a_broken_journal_is_said_and_stops_a_change(rest: TwilioRest) -> None:
    path = Journal().path(rest.account.number(NUMBER).sid)
    path.write_text("{")
    assert f"Warning: {path} cannot be read." in configure(OTHER, "--show").stderr
    assert configure(NUMBER, "--show").exit_code == 0
    assert f"Error: {path} cannot be read" in configure(NUMBER, "--url", OURS, "--yes", code=1).stderr
    assert (path.read_text(), url_of(rest)) == ("{", THEIRS)


def test_no_secret_is_left_anywhere(rest: TwilioRest, tmp_path: Path) -> None:
    shown = configure(NUMBER, "--url", OURS, "--yes").output + configure("--restore").output
    left = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert rest.account.auth_token not in shown + left
