"""Options made of settings, and dataclasses filled with what was typed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer import Option
from typer.testing import CliRunner

from twilio_rt_cli.cli.options import typed, with_settings


@dataclass(frozen=True)
class Typed:
    where: Path | None = None
    words: tuple[str, ...] = ()
    deep: int = 0
    more: str = ""


def run(*words: str) -> Typed:
    """What a command was given."""
    seen: list[Typed] = []
    app = typer.Typer()

    @app.command()
    def command(
        ctx: typer.Context,
        where: Annotated[Path | None, Option(path_type=Path)] = None,
        words: Annotated[list[str] | None, Option()] = None,
        deep: int = 1,
        other: bool = False,
    ) -> None:
        seen.append(typed(Typed, ctx, more="m"))

    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_each_field_is_filled_from_the_option_of_its_name() -> None:
    assert run("--where", "a/b", "--words", "x", "--words", "y", "--deep", "3", "--other") == Typed(
        Path("a/b"), ("x", "y"), 3, "m"
    )


def test_what_was_not_typed_is_as_the_option_or_the_field_has_it() -> None:
    assert run() == Typed(None, (), 1, "m")


def given(*words: str) -> dict[str, object]:
    """The flags that a command with settings was given."""
    seen: dict[str, object] = {}
    app = typer.Typer()

    @app.command()
    @with_settings
    def command(*, own: bool = False, **flags: object) -> None:
        seen.update(flags, own=own)

    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return {name: value for name, value in seen.items() if value is not None}


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ((), {}),
        (("--port", "8080", "--drain-seconds", "1.5"), {"port": 8080, "drain_seconds": 1.5}),
        (("--greeting", "", "--prompt-file", "agent.md"), {"greeting": "", "prompt_file": Path("agent.md")}),
        (("--reload",), {"reload": True}),
        (("--no-reload", "--own"), {"reload": False, "own": True}),
    ],
)
def test_a_setting_with_a_flag_is_taken_as_what_it_is(words: tuple[str, ...], flags: dict[str, object]) -> None:
    assert given(*words) == {"own": False} | flags
