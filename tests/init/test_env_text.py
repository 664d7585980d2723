"""What becomes of the text of `.env`: the value as it is read later, and every other byte."""

import io
import os
from pathlib import Path

import pytest
from dotenv.parser import parse_stream
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_settings import BaseSettings, SettingsConfigDict

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.init.env_text import values_in, with_values

NAME = "KEY"
NOTE = b"# what opens it\n"


class Read(BaseSettings):
    """As our settings are read."""

    model_config = SettingsConfigDict(extra="ignore", env_file_encoding="utf-8")
    key: str | None = None
    other: str | None = None


def changed(content: bytes, value: str = "new") -> bytes:
    return with_values(content, {NAME: value}, {NAME: "what opens it"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"# what opens it\nKEY=new\n"),
        (b"PORT=1\n", b"PORT=1\n\n# what opens it\nKEY=new\n"),
        (b"PORT=1", b"PORT=1\n\n# what opens it\nKEY=new\n"),
        (b"KEY=old\n", b"KEY=new\n"),
        (b"KEY=old", b"KEY=new"),
        (b"KEY=\nPORT=1\n", b"KEY=new\nPORT=1\n"),
        (b"a=1\r\nKEY=old\r\nb=2\r\n", b"a=1\r\nKEY=new\r\nb=2\r\n"),
        (b"a=1\r\nb=2", b"a=1\r\nb=2\r\n\r\n# what opens it\r\nKEY=new\r\n"),
        (b"export KEY=old\n", b"export KEY=new\n"),
        (b"  KEY = 'o # d'   # mine\nb=2\n", b"  KEY = new   # mine\nb=2\n"),
        (b"KEY=old # mine\n", b"KEY=new # mine\n"),
        (b"KEY= # mine\n", b"KEY= new # mine\n"),
        (b"KEY=#old\n", b"KEY=new\n"),
        (b'KEY="two\nlines"\nb=2\n', b"KEY=new\nb=2\n"),
        (b"'KEY'=old\n", b"'KEY'=new\n"),
        (b"key=old\n", b"key=new\n"),
        # of several the last one counts, and of several spellings the last that comes up
        (b"KEY=1\nx=1\nKEY=2\n", b"KEY=1\nx=1\nKEY=new\n"),
        (b"KEY=1\nkey=2\nKEY=3\n", b"KEY=1\nkey=new\nKEY=3\n"),
        # a copy of .env.example has a place for it
        (b"# the key\n# KEY=\n\n# PORT=5001", b"# the key\n# KEY=\nKEY=new\n\n# PORT=5001"),
        (b"# KEY=", b"# KEY=\nKEY=new\n"),
        (b"# KEYS=\n", b"# KEYS=\n\n# what opens it\nKEY=new\n"),
        (b"X='\n# KEY=\n'\n", b"X='\n# KEY=\n'\n\n# what opens it\nKEY=new\n"),
        (b"\xef\xbb\xbfKEY=old\n", b"\xef\xbb\xbfKEY=new\n"),
        ("# Schlüssel für Zoë\nKEY=ä\n".encode(), "# Schlüssel für Zoë\nKEY=new\n".encode()),
        (b"\n\n\nKEY=old\n\n\n", b"\n\n\nKEY=new\n\n\n"),
    ],
)  # fmt: skip
def test_only_the_value_changes(before: bytes, after: bytes) -> None:
    assert changed(before) == after


def test_what_is_there_already_is_left_as_it_is() -> None:
    content = b'export KEY = "new"   # as somebody wrote it\r\n'
    assert changed(content) == content


def test_a_value_that_other_values_are_made_of_may_change_them() -> None:
    assert changed(b"KEY=old\nX=${KEY}1\n") == b"KEY=new\nX=${KEY}1\n"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("sk-proj-A_b1", b"sk-proj-A_b1"),
        ("+14155550100", b"+14155550100"),
        ("https://bridge.example:8443/a?b", b"'https://bridge.example:8443/a?b'"),
        ("a b", b"'a b'"),
        ("a#b", b"'a#b'"),
        ('it\'s \\ "so"', rb"""'it\'s \\ "so"'"""),
        ("two\nlines\r\tand 'more'", rb'''"two\nlines\r\tand 'more'"'''),
        ("${HOME}", b"'${:-$}{HOME}'"),
        ("$HOME", b"'$HOME'"),
        ("", b"''"),
    ],
)
def test_how_values_are_written(value: str, line: bytes) -> None:
    content = changed(b"KEY=old\n", value)
    assert content == b"KEY=" + line + b"\n"
    assert values_in(content) == {"key": value}


def test_a_value_that_cannot_stand_in_a_file_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^This value of KEY cannot stand in \.env\.$"):
        changed(b"", "\ud800")


ANY = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("'\"\\$#{}: =\r\n\tab", max_size=12)


@given(value=ANY, old=ANY, quote=st.sampled_from(["", "'", '"']), end=st.sampled_from(["\n", "\r\n", "", " # c\n"]))
def test_whatever_is_written_is_what_the_settings_read(
    value: str, old: str, quote: str, end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = f"other=1{end}\nKEY={quote}{old}{quote}{end}\nz=2\n".encode()
    # What no line says is refused before anybody is asked.
    assume(not any(one.error for one in parse_stream(io.StringIO(before.decode(), newline=""))))
    after = changed(before, value)
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}.env"
    path.write_bytes(after)
    read = Read(_env_file=path)  # type: ignore[call-arg]  # pydantic-settings' own argument
    assert (read.key, read.other) == (value, values_in(before)["other"])


def test_the_settings_read_the_same_file_as_we_do(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"OTHER=a\r\nkey='x\r\ny'\r\nOther=b\r\n")
    read = Read(_env_file=path)  # type: ignore[call-arg]
    found = values_in(path.read_bytes())
    assert (found["key"], found["other"]) == (read.key, read.other)
