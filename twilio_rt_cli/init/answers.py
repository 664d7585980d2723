"""What is known while questions are asked: what `.env` and the environment say, and what was answered."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.output.redaction import masked_secret
from twilio_rt_cli.settings.fields import setting_fields
from twilio_rt_cli.settings.groups import FIELDS, Settings
from twilio_rt_cli.settings.loading import load_some
from twilio_rt_cli.settings.model_access import asked_of


def meaning(name: str) -> str:
    """What a setting is, in the words of the reference."""
    return setting_fields()[name.lower()].meaning


def is_secret(name: str) -> bool:
    """Whether it is never shown."""
    return "SecretStr" in str(FIELDS[name.lower()].annotation)


def problem_with(name: str, value: str) -> str:
    """What is wrong with a value by its form alone, as a sentence; nothing when it may be right."""
    try:
        load_some((name.lower(),), **{name.lower(): value})
    except SettingsError as error:
        return error.message
    return ""


@dataclass(slots=True)
class Answers:
    """Names are those of the environment."""

    file: Mapping[str, str]
    """what `.env` said at the beginning, by names in small letters"""
    given: dict[str, str] = field(default_factory=dict)
    """what was answered"""
    offered: dict[str, str] = field(default_factory=dict)
    """what Enter alone takes where nothing is said yet"""

    def take_offered(self, name: str) -> bool:
        """Enter was pressed: whether something came of it."""
        if name not in self.offered:
            return False
        self.given[name] = self.offered.pop(name)
        return True

    def in_file(self, name: str) -> str:
        """What `.env` would hold now."""
        return self.given.get(name, self.file.get(name.lower(), "")).strip()

    def in_environment(self, name: str) -> str:
        """What the environment says; it wins over `.env`."""
        return next((value.strip() for key, value in os.environ.items() if key.upper() == name), "")

    def value(self, name: str) -> str:
        """An answer wins here, so that it is what is checked."""
        return self.given.get(name) or self.in_environment(name) or self.in_file(name)

    def shown(self, name: str) -> str:
        """What Enter keeps or takes, fit to be seen."""
        text = self.in_file(name) or self.offered.get(name, "")
        return masked_secret(text) if text and is_secret(name) else text

    @property
    def settings(self) -> Settings:
        """With everything that is known, and defaults in place of what is wrong."""
        return load_some((), **{name.lower(): value for name, value in self.given.items()})

    @property
    def wanted(self) -> dict[str, bool]:
        """The settings that are asked for, in order, and whether calls need them."""
        model = self.settings.model
        needed = {"TWILIO_ACCOUNT_SID": True, "TWILIO_AUTH_TOKEN": not self.value("TWILIO_SHARED_KEY")}
        if self.value("TWILIO_API_KEY") or self.value("TWILIO_API_SECRET"):
            needed |= {"TWILIO_API_KEY": True, "TWILIO_API_SECRET": True}
        needed["TWILIO_PHONE_NUMBER"] = False
        needed |= asked_of(model)
        return needed | {"NGROK_AUTHTOKEN": False, "PUBLIC_URL": False}

    @property
    def missing(self) -> list[str]:
        """What calls need, and nobody has said."""
        return [name for name, needed in self.wanted.items() if needed and not self.value(name)]
