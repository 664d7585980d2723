"""`twilio-rt init` from the first question to the file, on a terminal, against Twilio's stand-in and a model's."""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.init.models_stand_in import KEY, ModelsStandIn, models_stand_in
from tests.init.person import Person, at_the_terminal, environment
from tests.nursery.nursery import Nursery
from tests.twilio_rest import Account, Number, TwilioRest, twilio_rest

SID, TOKEN = "AC" + "0a" * 16, "0b" * 16
NGROK = "2abcDEFghijKLMnop0123456789_4ABCdefGHIjkl0123456789"
NUMBERS = ("+14155550100", "+14155550199")
GONE = "http://127.0.0.1:9"


@dataclass
class World:
    """Where the answers are checked, and the folder."""

    rest: TwilioRest
    models: ModelsStandIn
    folder: Path
    before: str

    @property
    def path(self) -> Path:
        return self.folder / ".env"


@pytest.fixture(scope="module", name="rest")
def _rest() -> Iterator[TwilioRest]:
    with twilio_rest(list(NUMBERS), account=Account(SID, TOKEN, keys={"SK" + "0c" * 16: "the-secret"})) as rest:
        yield rest


@pytest.fixture(name="world")
def _world(rest: TwilioRest, tmp_path: Path) -> Iterator[World]:
    with models_stand_in() as models:
        before = f"TWILIO_API_URL={rest.url}\nOPENAI_REALTIME_URL={models.realtime_url}\n"
        (tmp_path / ".env").write_text(before)
        yield World(rest, models, tmp_path, before)


def test_a_new_number_is_set_up_question_by_question(world: World, nursery: Nursery) -> None:
    with at_the_terminal(nursery, world.folder) as person:
        person.answers("TWILIO_ACCOUNT_SID", SID)
        person.answers("TWILIO_AUTH_TOKEN", TOKEN)
        person.sees("✓ Twilio takes SID and auth token, and the account is active.\n")
        person.sees("  1  +14155550100\n  2  +14155550199\nType 1 to 2, or the number.\n")
        person.answers("TWILIO_PHONE_NUMBER", "2")
        person.answers("OPENAI_API_KEY", KEY)
        person.sees("takes the key, and it may use gpt-realtime-2.1.\n")
        person.answers("NGROK_AUTHTOKEN", NGROK)
        person.sees("✓ It looks like a token of ngrok's")
        shown = person.ends(0)
    assert world.path.read_text() == world.before + (
        "\n# Account SID (AC…); requests of another account are refused\n"
        f"TWILIO_ACCOUNT_SID={SID}\n"
        "\n# auth token of the account; checks the signatures of its requests\n"
        f"TWILIO_AUTH_TOKEN={TOKEN}\n"
        "\n# the number for configure-number and call-test; serve --tunnel offers it\n"
        "TWILIO_PHONE_NUMBER=+14155550199\n"
        "\n# key of the OpenAI platform (sk-…)\n"
        f"OPENAI_API_KEY={KEY}\n"
        "\n# token of the ngrok account, for serve --tunnel and tunnel\n"
        f"NGROK_AUTHTOKEN={NGROK}\n"
    )
    assert world.path.stat().st_mode & 0o777 == 0o600
    assert list(world.folder.iterdir()) == [world.path]
    assert shown.endswith(
        "\nWritten: .env, 5 settings, readable for you alone.\nNext: twilio-rt serve --tunnel --number +14155550199\n"
    )
    for secret in (TOKEN, KEY, NGROK):
        assert secret not in shown
    assert world.models.asked == [("/v1/models/gpt-realtime-2.1", KEY)]
    assert max(map(len, shown.splitlines())) <= 80


def test_what_is_refused_can_be_typed_again(world: World, nursery: Nursery) -> None:
    with at_the_terminal(nursery, world.folder) as person:
        person.answers("TWILIO_ACCOUNT_SID", "a secret in the wrong place")
        person.sees("✗ TWILIO_ACCOUNT_SID must be an Account SID: AC, then letters and digits.\n")
        person.answers("TWILIO_ACCOUNT_SID", SID)
        person.answers("TWILIO_AUTH_TOKEN", "wrong")
        person.sees("! TWILIO_AUTH_TOKEN is not 32 hexadecimal digits")
        person.sees("✗ Twilio does not take these credentials (Twilio 20003).\n")
        person.sees("Type again what is wrong; Enter goes on with it as it is.\n")
        person.answers("TWILIO_ACCOUNT_SID", shown=SID)
        person.answers("TWILIO_AUTH_TOKEN", f"TWILIO_AUTH_TOKEN='{TOKEN}'", shown="••••")  # a whole line, pasted
        person.sees("✓ Twilio takes")
        person.answers("TWILIO_PHONE_NUMBER", "3")
        person.sees("✗ 3 is none of these.\n")
        person.answers("TWILIO_PHONE_NUMBER", "+1 (415) 555-0100")
        person.answers("OPENAI_API_KEY", "sk-wrong")
        person.sees("does not take this key (401).\n")
        person.answers("OPENAI_API_KEY", "sk-wrong-again", shown="••••")
        person.sees("does not take this key (401).\n")
        person.answers("OPENAI_API_KEY", shown="••••")
        person.answers("NGROK_AUTHTOKEN", "no-token")
        person.sees("! It does not look like a token of ngrok's")
        person.ends(0)
    found = world.path.read_text()
    assert f"\nTWILIO_AUTH_TOKEN={TOKEN}\n" in found
    assert "\nTWILIO_PHONE_NUMBER=+14155550100\n" in found
    assert "\nOPENAI_API_KEY=sk-wrong-again\n" in found  # it was her wish


def test_what_cannot_be_reached_is_said_and_can_be_passed_by(world: World, nursery: Nursery) -> None:
    world.path.write_text(f"TWILIO_API_URL={GONE}\nOPENAI_REALTIME_URL=ws://127.0.0.1:9/v1/realtime\n")
    with at_the_terminal(nursery, world.folder) as person:
        person.answers("TWILIO_ACCOUNT_SID", SID)
        person.answers("TWILIO_AUTH_TOKEN", TOKEN)
        person.sees(f"✗ {GONE} cannot be reached: connection refused.\n")
        person.sees("So this is not checked. Enter goes on without; or type again what is wrong.\n")
        person.answers("TWILIO_ACCOUNT_SID", shown=SID)
        person.answers("TWILIO_AUTH_TOKEN", shown="0b0b0b0b…0b0b")
        person.answers("TWILIO_PHONE_NUMBER", "0100")
        person.sees("✗ 0100 is no phone number.\n")
        person.answers("TWILIO_PHONE_NUMBER", NUMBERS[0], shown="0100")
        person.sees("– It was not checked: the account did not tell its numbers.\n")
        person.answers("OPENAI_API_KEY", KEY)
        person.sees(f"✗ It could not be checked: 127.0.0.1:9 cannot be reached ({os.strerror(errno.ECONNREFUSED)}).\n")
        person.answers("OPENAI_API_KEY", shown="sk-proj-…cdef")
        person.answers("NGROK_AUTHTOKEN")
        person.answers("PUBLIC_URL", "bridge.example.com")
        person.sees("✗ PUBLIC_URL ")
        person.answers("PUBLIC_URL", "https://bridge.example.com")
        person.ends(0)
    assert world.path.read_text().count("\n") == 17
    assert "\nPUBLIC_URL=https://bridge.example.com\n" in world.path.read_text()


def complete(world: World) -> str:
    return world.before + (
        f"TWILIO_ACCOUNT_SID={SID}\nTWILIO_AUTH_TOKEN={TOKEN}\nOPENAI_API_KEY={KEY}\n"
        f"TWILIO_PHONE_NUMBER={NUMBERS[0]}\nPUBLIC_URL=https://bridge.example.com\n"
    )


def keep_all(person: Person) -> None:
    person.answers("TWILIO_ACCOUNT_SID", shown=SID)
    person.answers("TWILIO_AUTH_TOKEN", shown="0b0b0b0b…0b0b")
    person.answers("TWILIO_PHONE_NUMBER", shown=NUMBERS[0])
    person.answers("OPENAI_API_KEY", shown="sk-proj-…cdef")
    person.answers("NGROK_AUTHTOKEN")
    person.answers("PUBLIC_URL", shown="https://bridge.example.com")


def test_enter_keeps_everything_and_then_nothing_is_written(world: World, nursery: Nursery) -> None:
    world.path.write_text(complete(world))
    before = world.path.stat()
    with at_the_terminal(nursery, world.folder) as person:
        keep_all(person)
        shown = person.ends(0)
    assert shown.endswith(f"\nNothing was changed in .env.\nNext: twilio-rt serve --number {NUMBERS[0]}\n")
    after = world.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-c", "end of input"])
@pytest.mark.parametrize("at", [0, 1, 2, 5])
def test_whoever_leaves_before_the_end_leaves_everything_as_it_is(
    key: str, at: int, world: World, nursery: Nursery
) -> None:
    world.path.write_text(complete(world))
    names = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER", "OPENAI_API_KEY", "NGROK_AUTHTOKEN"]
    with at_the_terminal(nursery, world.folder) as person:
        before = person.glass.attributes
        for name in [*names, "PUBLIC_URL"][:at]:
            person.sees(name)
            person.sees(":")
            person.glass.press("2\r" if name == "TWILIO_PHONE_NUMBER" else "\r")
        person.sees([*names, "PUBLIC_URL"][at])
        person.sees(":")
        person.glass.press(key)
        person.sees("\nNothing was written.\n")
        person.ends(130)
        assert person.glass.attributes == before  # what is typed is seen again
    assert world.path.read_text() == complete(world)
    assert list(world.folder.iterdir()) == [world.path]


def test_the_environment_is_told_where_it_wins(world: World, nursery: Nursery) -> None:
    with at_the_terminal(
        nursery, world.folder, OPENAI_API_KEY=KEY, twilio_account_sid=SID, NGROK_AUTHTOKEN=NGROK
    ) as person:
        person.sees(f"The environment has TWILIO_ACCOUNT_SID ({SID}), which wins over .env;")
        person.answers("TWILIO_ACCOUNT_SID")
        person.answers("TWILIO_AUTH_TOKEN", TOKEN)
        person.sees("✓ Twilio takes")
        person.answers("TWILIO_PHONE_NUMBER")
        person.sees("The environment has OPENAI_API_KEY (sk-proj-…cdef), which wins over .env;")
        person.answers("OPENAI_API_KEY")
        person.sees("takes the key")
        person.answers("NGROK_AUTHTOKEN")
        person.ends(0)
    assert KEY not in world.path.read_text()
    assert f"\nTWILIO_AUTH_TOKEN={TOKEN}\n" in world.path.read_text()


def test_the_offline_engine_needs_no_key_and_azure_another(world: World, nursery: Nursery) -> None:
    world.path.write_text(complete(world) + "REALTIME_PROVIDER=local\n")
    with at_the_terminal(nursery, world.folder) as person:
        for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
            person.sees(name)
            person.sees(":")
            person.glass.press("\r")
        person.sees("REALTIME_PROVIDER is local: the offline engine answers, and needs no key.\n")
        person.answers("NGROK_AUTHTOKEN")
        person.answers("PUBLIC_URL", shown="https://bridge.example.com")
        person.ends(0)
    azure = world.models.realtime_url.replace("/v1/", "/openai/v1/")
    world.path.write_text(complete(world) + "REALTIME_PROVIDER=azure\n")
    with at_the_terminal(nursery, world.folder) as person:
        for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
            person.sees(name)
            person.sees(":")
            person.glass.press("\r")
        person.answers("AZURE_OPENAI_URL", azure)
        person.answers("AZURE_OPENAI_API_KEY", KEY)
        person.sees("takes the key.\n")
        person.answers("NGROK_AUTHTOKEN")
        person.answers("PUBLIC_URL", shown="https://bridge.example.com")
        person.ends(0)
    assert world.models.asked == [("/openai/v1/models", KEY)]
    assert f"\nAZURE_OPENAI_URL={azure}\n" in world.path.read_text()


def test_an_api_key_stands_in_where_there_is_no_token(world: World, nursery: Nursery) -> None:
    with at_the_terminal(nursery, world.folder) as person:
        person.answers("TWILIO_ACCOUNT_SID", SID)
        person.answers("TWILIO_AUTH_TOKEN")
        person.sees("Without the token no calls come in.")
        person.answers("TWILIO_API_KEY", "SK" + "0c" * 16)
        person.answers("TWILIO_API_SECRET", "not the secret".replace(" ", "-"))
        person.sees("✗ Twilio does not take these credentials")
        person.answers("TWILIO_ACCOUNT_SID", shown=SID)
        person.answers("TWILIO_AUTH_TOKEN")
        person.answers("TWILIO_API_KEY", shown="SK" + "0c" * 16)
        person.answers("TWILIO_API_SECRET", "the-secret", shown="••••")
        person.sees("  1  +14155550100\n")
        person.answers("TWILIO_PHONE_NUMBER")
        person.answers("OPENAI_API_KEY", KEY)
        person.answers("NGROK_AUTHTOKEN", NGROK)
        shown = person.ends(0)
    assert "\nStill missing: TWILIO_AUTH_TOKEN, auth token of the account;" in shown
    assert "\nNext: twilio-rt init again; until then `twilio-rt serve --local` answers without" in shown
    assert "\nTWILIO_API_SECRET=the-secret\n" in world.path.read_text()


def test_the_only_number_is_offered(world: World, nursery: Nursery) -> None:
    account = Account(SID, TOKEN)
    with twilio_rest([], account=account) as rest:
        account.numbers[:] = [
            Number("+14155550111", voice=False),
            Number(NUMBERS[1], friendly_name="Support \x1b[31mline"),
        ]
        world.path.write_text(complete(world).replace(world.rest.url, rest.url).replace("TWILIO_PHONE_NUMBER=", "X="))
        with at_the_terminal(nursery, world.folder) as person:
            person.answers("TWILIO_ACCOUNT_SID", shown=SID)
            person.answers("TWILIO_AUTH_TOKEN", shown="0b0b0b0b…0b0b")
            person.sees("  1  +14155550199  Support \\x1b[31mline\n")
            person.answers("TWILIO_PHONE_NUMBER", shown=NUMBERS[1])
            person.answers("OPENAI_API_KEY", shown="sk-proj-…cdef")
            person.answers("NGROK_AUTHTOKEN")
            person.answers("PUBLIC_URL", shown="https://bridge.example.com")
            person.ends(0)
    assert world.path.read_text().endswith("\nTWILIO_PHONE_NUMBER=+14155550199\n")


def test_of_many_numbers_the_first_are_listed_and_each_can_be_named(world: World, nursery: Nursery) -> None:
    with twilio_rest([f"+141555502{place:02}" for place in range(30)], account=Account(SID, TOKEN)) as rest:
        world.path.write_text(complete(world).replace(world.rest.url, rest.url).replace("TWILIO_PHONE_NUMBER=", "X="))
        with at_the_terminal(nursery, world.folder) as person:
            person.answers("TWILIO_ACCOUNT_SID", shown=SID)
            person.answers("TWILIO_AUTH_TOKEN", shown="0b0b0b0b…0b0b")
            person.sees(" 20  +14155550219\nand 10 more\nType 1 to 30, or the number.\n")
            person.answers("TWILIO_PHONE_NUMBER", "+14155550229")
            person.answers("OPENAI_API_KEY", shown="sk-proj-…cdef")
            person.answers("NGROK_AUTHTOKEN")
            person.answers("PUBLIC_URL", shown="https://bridge.example.com")
            person.ends(0)
    assert world.path.read_text().endswith("\nTWILIO_PHONE_NUMBER=+14155550229\n")


def test_as_json_the_questions_go_to_the_terminal_and_the_object_to_stdout(world: World, nursery: Nursery) -> None:
    world.path.write_text(complete(world).replace(f"TWILIO_PHONE_NUMBER={NUMBERS[0]}\n", ""))
    with at_the_terminal(nursery, world.folder, "--json", piped=True) as person:
        person.answers("TWILIO_ACCOUNT_SID", shown=SID)
        person.answers("TWILIO_AUTH_TOKEN", shown="0b0b0b0b…0b0b")
        person.answers("TWILIO_PHONE_NUMBER", "1")
        person.answers("OPENAI_API_KEY", shown="sk-proj-…cdef")
        person.answers("NGROK_AUTHTOKEN")
        person.answers("PUBLIC_URL", shown="https://bridge.example.com")
        person.sees("Next: ")
        assert person.program.stdout is not None
        told = json.loads(person.program.stdout.read())
        person.ends(0)
    assert (told["v"], told["written"], told["path"], told["missing"]) == (1, True, str(world.path), [])
    assert [(one["name"], one["state"]) for one in told["checks"]] == [
        ("twilio-account", "ok"),
        ("model", "ok"),
        ("public-url", "skipped"),
    ]
    [number] = [one for one in told["settings"] if one["changed"]]
    assert (number["name"], number["set"], number["source"], number["secret"]) == (
        "TWILIO_PHONE_NUMBER",
        True,
        "env-file",
        False,
    )
    assert KEY not in json.dumps(told)


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe", "socket", "bad line", "no text"])
def test_what_is_no_file_of_settings_is_told_before_anybody_is_asked(kind: str, world: World, nursery: Nursery) -> None:
    world.path.unlink()
    other = world.folder / "other"
    other.write_text("X=1\n")
    match kind:
        case "link":
            world.path.symlink_to(other)
        case "dangling link":
            world.path.symlink_to(world.folder / "nothing")
        case "folder":
            world.path.mkdir()
        case "pipe":
            os.mkfifo(world.path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(os.path.relpath(world.path))
        case "bad line":
            world.path.write_text("X=1\nno setting\n")
        case "no text":
            world.path.write_bytes(b"\xff\xfe")
    told = {
        "link": ".env is a link.",
        "dangling link": ".env is a link.",
        "folder": ".env is a folder.",
        "pipe": ".env is no file.",
        "socket": ".env is no file.",
        "bad line": ".env line 2 is not NAME=value.",
        "no text": ".env cannot be read (it is not UTF-8 text).",
    }[kind]
    with at_the_terminal(nursery, world.folder) as person:
        person.sees(told)
        shown = person.ends(2)
    assert "TWILIO_ACCOUNT_SID" not in shown
    assert other.read_text() == "X=1\n"


# Off a terminal


def init(folder: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twilio_rt_cli", "init", *arguments],
        cwd=folder,
        env=environment(**given),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_off_a_terminal_it_says_what_to_write(tmp_path: Path) -> None:
    done = init(tmp_path, TWILIO_ACCOUNT_SID=SID)
    assert done.returncode == 6
    assert done.stdout == (
        "# auth token of the account; checks the signatures of its requests\nTWILIO_AUTH_TOKEN=\n"
        "# the number for configure-number and call-test; serve --tunnel offers it (optional)\nTWILIO_PHONE_NUMBER=\n"
        "# key of the OpenAI platform (sk-…)\nOPENAI_API_KEY=\n"
        "# token of the ngrok account, for serve --tunnel and tunnel (optional)\nNGROK_AUTHTOKEN=\n"
        "# the origin Twilio reaches us at (https; http for loopback only, streams are then ws://) (optional)\n"
        "PUBLIC_URL=\n"
    )
    assert done.stderr == (
        "Error: Nobody is here to be asked. .env lacks TWILIO_AUTH_TOKEN, OPENAI_API_KEY.\n"
        "Hint: Run init on a terminal, or write these lines into .env yourself, and chmod 600 .env.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_off_a_terminal_as_json(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"TWILIO_AUTH_TOKEN={TOKEN}\n")
    done = init(tmp_path, "--json", TWILIO_ACCOUNT_SID=SID)
    told = json.loads(done.stdout)
    assert (done.returncode, told["written"], told["missing"]) == (6, False, ["OPENAI_API_KEY"])
    assert {one["name"]: one["source"] for one in told["settings"]} == {
        "TWILIO_ACCOUNT_SID": "environment",
        "TWILIO_AUTH_TOKEN": "env-file",
        "TWILIO_PHONE_NUMBER": None,
        "OPENAI_API_KEY": None,
        "NGROK_AUTHTOKEN": None,
        "PUBLIC_URL": None,
    }
    assert [one["name"] for one in told["settings"] if one["needed"]] == [
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "OPENAI_API_KEY",
    ]
    assert TOKEN not in done.stdout


def test_off_a_terminal_it_is_well_when_nothing_is_missing(world: World) -> None:
    world.path.write_text(complete(world))
    done = init(world.folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing is missing.\n")


def test_it_says_so_without_what_only_the_checks_need(tmp_path: Path) -> None:
    code = """
import sys
from twilio_rt_cli.cli.app import app
try:
    app(["init"], prog_name="twilio-rt")
finally:
    print("loaded:", *sorted({"fastapi", "httpx", "numpy", "picows", "rich", "twilio"} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (6, "loaded:")
