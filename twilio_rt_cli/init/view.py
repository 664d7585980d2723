"""What `init` says apart from its questions: what is missing, what was written, and what to do next; or one object."""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path

from twilio_rt_cli.doctor.finding import Finding
from twilio_rt_cli.init import terminal
from twilio_rt_cli.init.answers import Answers, is_secret, meaning
from twilio_rt_cli.machine.git import GitStatus, git_status
from twilio_rt_cli.output import console
from twilio_rt_cli.output.words import plural


def begin() -> None:
    """What is about to happen."""
    terminal.say(
        "A few questions; the answers are written to .env in this folder at the end. Enter keeps what stands in "
        "[brackets]. Keys and tokens are not shown as you type. Ctrl-C leaves everything as it is."
    )
    terminal.say()


def to_write(answers: Answers) -> None:
    """Lines for `.env`, for whoever writes it without us: what is not set, each with what it is."""
    for name, needed in answers.wanted.items():
        if not answers.value(name):
            console.data(f"# {meaning(name)}{'' if needed else ' (optional)'}\n{name}=")


def as_object(answers: Answers, path: Path, *, written: bool, checked: Sequence[Finding] = ()) -> None:
    """All of it for a script."""
    settings = [
        {
            "name": name,
            "needed": needed,
            "secret": is_secret(name),
            "set": bool(answers.value(name)),
            "source": _source(answers, name),
            "changed": written and name in answers.given,
            "meaning": meaning(name),
        }
        for name, needed in answers.wanted.items()
    ]
    found = [{"name": one.name, "state": one.state.value, "told": one.message} for one in checked]
    warning = git_warning(path)
    result = {
        "v": 1,
        "path": str(path.absolute()),
        "written": written,
        "missing": answers.missing,
        "settings": settings,
        "checks": found,
        "warnings": [warning[0]] if warning else [],
    }
    console.data(jsonlib.dumps(result, ensure_ascii=False))


def end(answers: Answers, path: Path, *, written: bool) -> None:
    """What was done, what is missing, and the next command."""
    terminal.say()
    if written:
        terminal.say(f"Written: {path.name}, {plural(len(answers.given), 'setting')}, readable for you alone.")
    else:
        terminal.say(f"Nothing was changed in {path.name}." if path.exists() else "Nothing was written.")
    for name in answers.missing:
        terminal.say(f"Still missing: {name}, {meaning(name)}.")
    if warning := git_warning(path):
        terminal.say(f"Warning: {warning[0]}")
        console.say(f"  {warning[1]}")
    terminal.say(f"Next: {_next(answers)}")


def git_warning(path: Path) -> tuple[str, str] | None:
    """That git has the file or would take it, and the command against it; None when all is well."""
    match git_status(path):
        case GitStatus.TRACKS:
            sentence = f"git tracks {path.name}: its keys are committed, or will be. Stop that, and make new keys:"
            return sentence, f"git rm --cached {path.name} && echo {path.name} >> .gitignore"
        case GitStatus.WOULD_TAKE:
            sentence = f"{path.name} is not ignored by git: its keys may be committed."
            return sentence, f"echo {path.name} >> .gitignore"
        case GitStatus.APART:
            return None


def _source(answers: Answers, name: str) -> str | None:
    if answers.in_environment(name):
        return "environment"
    return "env-file" if answers.in_file(name) else None


def _next(answers: Answers) -> str:
    if answers.missing:
        return "twilio-rt init again; until then `twilio-rt serve --local` answers without an account"
    tunnel, number = answers.value("NGROK_AUTHTOKEN"), answers.value("TWILIO_PHONE_NUMBER")
    if not tunnel and not answers.value("PUBLIC_URL"):
        return "twilio-rt doctor; for a phone to ring a public way is missing, so run init again once there is one"
    return "twilio-rt serve" + (" --tunnel" if tunnel else "") + (f" --number {number}" if number else "")
