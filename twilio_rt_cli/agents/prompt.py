"""The agent's instructions: a markdown file of one's own, or the bundled sample."""

from pathlib import Path

from twilio_rt_cli.agents.sample.appointments import sample_prompt
from twilio_rt_cli.errors import SettingsError


def prompt_text(path: Path | None) -> str:
    """The agent's instructions, from this file or the bundled sample. Raises SettingsError when it cannot be read."""
    if path is None:
        return sample_prompt()
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = f"PROMPT_FILE: there is no file {path}."
    except (OSError, UnicodeDecodeError) as error:
        problem = f"PROMPT_FILE: {path} cannot be read ({getattr(error, 'strerror', None) or 'it is not UTF-8 text'})."
    raise SettingsError(problem, hint="Name a markdown file with the agent's instructions, or unset PROMPT_FILE.")
