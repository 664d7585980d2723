"""Shell completion: what may follow on a command line, and the lines by which bash, zsh and fish ask for it.

The shell runs the command with its name in `_TWILIO_RT_COMPLETE` and the words typed so far as arguments. A line of the
answer is a word, with what it does as that shell takes it; a lone `*` stands for file names. Typer has completion of
its own, but imports pydantic and rich for every answer: half a second at each Tab, instead of a tenth.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from twilio_rt_cli.errors import ServerError, SettingsError
from twilio_rt_cli.output import console

ASKED = "_TWILIO_RT_COMPLETE"
FILES = "*"
# Commands and parameters are Any below: they are Typer's own classes, or click's, as its version has it.

_BASH = r"""_twilio_rt() {
    local IFS=$'\n' found
    found=$(_TWILIO_RT_COMPLETE=bash "${COMP_WORDS[0]/#\~/$HOME}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    COMPREPLY=()
    if [[ $found == '*' ]]; then
        compopt -o default 2>/dev/null
    else
        COMPREPLY=($found)
    fi
}
complete -F _twilio_rt twilio-rt
"""
_ZSH = r"""#compdef twilio-rt
_twilio_rt() {
    local -a found
    found=("${(@f)$(_TWILIO_RT_COMPLETE=zsh ${(Q)~words[1]} "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ $found == '*' ]]; then
        _files
    elif [[ -n $found ]]; then
        _describe twilio-rt found
    fi
}
if [[ $funcstack[1] == _twilio-rt ]]; then
    _twilio_rt
else
    compdef _twilio_rt twilio-rt
fi
"""
_FISH = r"""function __twilio_rt
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l found (env _TWILIO_RT_COMPLETE=fish $program $words "$current" 2>/dev/null)
    if test "$found" = '*'
        __fish_complete_path "$current"
    else if test -n "$found"
        printf '%s\n' $found
    end
end
complete --command twilio-rt --no-files --arguments '(__twilio_rt)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def _word_alone(word: str, description: str) -> str:
    return word


def _for_zsh(word: str, description: str) -> str:
    return word.replace(":", r"\:") + (f":{description}" if description else "")


def _for_fish(word: str, description: str) -> str:
    return f"{word}\t{description}" if description else word


_LINES: dict[str, Callable[[str, str], str]] = {"zsh": _for_zsh, "fish": _for_fish}


def answer(root: Any, words: Sequence[str]) -> None:
    """Print what may follow these words, the last of which is being typed."""
    line = _LINES.get(os.environ[ASKED], _word_alone)
    lines = [line(word, description) for word, description in following(root, words)]
    if lines:
        console.data("\n".join(lines))


def following(root: Any, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The words that may stand where the last of these is being typed, each with what it does."""
    *before, current = [word for word in words if word != "="] or [""]  # bash makes a word of each =
    if words and words[-1] == "=":
        before, current = [*before, current], ""
    command, option, place = root, None, 0
    given: list[Any] = []
    for word in before:
        if option is not None:
            option = None
        elif word.startswith("-"):
            named = _option(command, word.partition("=")[0])
            given += [named]
            option = named if named is not None and _takes_value(named) and "=" not in word else None
        elif hasattr(command, "commands"):
            command, given = command.commands.get(word), []
            if command is None:
                return
        else:
            place += 1
    if option is None and current.startswith("-") and "=" in current:
        name, _, value = current.partition("=")
        if (named := _option(command, name)) is not None:
            yield from (
                (f"{name}={word}", description) for word, description in _values(command, named, value) if word != FILES
            )
    elif option is not None:
        yield from _values(command, option, current)
    else:
        yield from _of_command(command, given, place, current)


def show() -> None:
    """Print the lines that this shell should read."""
    console.data(_SCRIPTS[_this_shell()].rstrip("\n"))


def install() -> None:
    """Put them where this shell reads them at its start, and say where that is. Raises ServerError."""
    shell = _this_shell()
    path, start, line = _places(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_SCRIPTS[shell])
        if start is not None:
            _add_line(start, line)
    except OSError as error:
        where = error.filename or path
        raise ServerError(
            f"{where} cannot be written ({error.strerror}).",
            hint="twilio-rt --show-completion prints what to put there.",
        ) from error
    home = str(Path.home())
    description = ", read by ".join(str(one).replace(home, "~", 1) for one in (path, start) if one is not None)
    console.say(f"Completion for {shell} is installed: {description}.\nOpen a new terminal to use it.")


def _of_command(command: Any, given: Sequence[Any], place: int, current: str) -> Iterator[tuple[str, str]]:
    if current.startswith("-"):
        free = [one for one in _options(command) if one.multiple or one not in given]
        names = [(name, one.help) for one in free for name in (*one.opts, *one.secondary_opts)]
    elif hasattr(command, "commands"):
        names = [(name, one.short_help) for name, one in command.commands.items() if not one.hidden]
    else:
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        if place < len(arguments):
            yield from _values(command, arguments[place], current)
        return
    yield from ((name, description or "") for name, description in names if name.startswith(current))


def _values(command: Any, param: Any, current: str) -> Iterator[tuple[str, str]]:
    found = [(item.value, item.help or "") for item in param.shell_complete(typer.Context(command), current)]
    yield from found or ([(FILES, "")] if "FILE" in (param.metavar or "") else [])


def _option(command: Any, name: str) -> Any:
    return next((one for one in _options(command) if name in (*one.opts, *one.secondary_opts)), None)


def _options(command: Any) -> list[Any]:
    params = command.get_params(typer.Context(command, help_option_names=["-h", "--help"]))
    return [one for one in params if one.param_type_name == "option" and not one.hidden]


def _takes_value(option: Any) -> bool:
    return not (option.is_flag or option.count)


def _this_shell() -> str:
    for name in _likely_shells():
        if name in _SCRIPTS:
            return name
    raise SettingsError(
        "Completion is there for bash, zsh and fish, and this is none of them.",
        hint="Run it in the shell that it is for.",
    )


def _likely_shells() -> Iterator[str]:
    """The shell that we were started from, then the person's own."""
    with suppress(ImportError):  # it comes with Typer, mostly
        import shellingham

        with suppress(shellingham.ShellDetectionFailure, OSError):
            yield shellingham.detect_shell()[0]
    yield Path(os.environ.get("SHELL", "")).name


def _places(shell: str) -> tuple[Path, Path | None, str]:
    """The file for the lines; the file that the shell reads at its start, and the line there that leads to it."""
    home = Path.home()
    match shell:
        case "bash":
            path = home / ".bash_completions" / "twilio-rt.sh"
            return path, home / ".bashrc", f"source '{path}'"
        case "zsh":
            line = "fpath+=~/.zfunc; autoload -Uz compinit; compinit"
            return home / ".zfunc" / "_twilio-rt", home / ".zshrc", line
        case _:
            config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
            return config / "fish" / "completions" / "twilio-rt.fish", None, ""


def _add_line(path: Path, line: str) -> None:
    """At the end of a file, unless it is in there; what else the file holds stays as it is."""
    there = path.read_bytes() if path.exists() else b""
    if line.encode() in there.splitlines():
        return
    with path.open("ab") as file:
        file.write((b"\n" if there and not there.endswith(b"\n") else b"") + line.encode() + b"\n")
