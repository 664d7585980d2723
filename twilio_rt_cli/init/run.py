"""From the first question to the file: nothing is written before all was asked."""

from pathlib import Path

from twilio_rt_cli.errors import NeedsConsentError
from twilio_rt_cli.init import env_file, terminal, view
from twilio_rt_cli.init.answers import Answers, meaning
from twilio_rt_cli.init.env_text import values_in
from twilio_rt_cli.output import console
from twilio_rt_cli.settings.dot_env import check_dot_env


def run(*, json: bool, path: Path = Path(env_file.NAME)) -> None:
    """Ask, check, write. Raises TwilioRtError, and KeyboardInterrupt when the person leaves before the end."""
    content = env_file.read(path)
    check_dot_env()
    answers = Answers(values_in(content))
    if not console.can_ask():
        _without_anybody(answers, path, json=json)
        return
    env_file.check_writable(path)
    from twilio_rt_cli.init.questions import Interview

    interview = Interview(answers)
    view.begin()
    try:
        interview.ask_all()
    except (EOFError, KeyboardInterrupt):
        console.say()
        terminal.say("Nothing was written.")
        raise KeyboardInterrupt from None
    changed = {name: value for name, value in answers.given.items() if value != answers.file.get(name.lower())}
    if changed:
        env_file.save(path, changed, {name: meaning(name) for name in changed})
    answers.given = changed
    view.end(answers, path, written=bool(changed))
    if json:
        view.as_object(answers, path, written=bool(changed), checked=interview.checked)


def _without_anybody(answers: Answers, path: Path, *, json: bool) -> None:
    if json:
        view.as_object(answers, path, written=False)
    elif answers.missing:
        view.to_write(answers)
    if not answers.missing:
        terminal.say("Nothing is missing.")
        return
    raise NeedsConsentError(
        f"Nobody is here to be asked. .env lacks {', '.join(answers.missing)}.",
        hint="Run init on a terminal, or write these lines into .env yourself, and chmod 600 .env.",
    )
