"""Single settings for a command that should answer at once: reading all of them takes longer than such a command may.

What they are is told in `settings/groups.py`, and the answers are the same: environment, then .env, then the default;
names in any case; an empty value counts as not set. A test holds both together.
"""

import os
from pathlib import Path

from twilio_rt_cli.errors import SettingsError

_TRUE = {"1", "on", "t", "true", "y", "yes"}
_FALSE = {"0", "off", "f", "false", "n", "no"}


class LightSettings:
    """The environment and `.env`, read once. Raises SettingsError when `.env` cannot be taken as it is."""

    def __init__(self) -> None:
        self._given = _dot_env() | {name.lower(): value for name, value in os.environ.items()}

    def path(self, name: str) -> Path | None:
        """A setting that names a file or a folder."""
        text = self._given.get(name.lower(), "").strip()
        return Path(text) if text else None

    def flag(self, name: str, default: bool) -> bool:
        """A setting that is true or false. Raises SettingsError when it is neither."""
        text = self._given.get(name.lower(), "")
        if not text.strip():
            return default
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise SettingsError(
            f"{name.upper()} must be true or false, not {text!r:.60}.",
            hint="Settings come from flags, the environment or .env; .env.example explains each of them.",
        )


def _dot_env() -> dict[str, str]:
    if not Path(".env").exists():
        return {}
    from dotenv import dotenv_values

    from twilio_rt_cli.settings.dot_env import check_dot_env

    check_dot_env()
    return {name.lower(): value for name, value in dotenv_values(".env", encoding="utf-8").items() if value is not None}
