"""The command line of `twilio-rt calls`, and which of its words go together."""

from msgspec import Struct

from twilio_rt_cli.errors import SettingsError
from twilio_rt_cli.output.redaction import printable

_BELONGS = {
    "list": frozenset({"limit", "since", "failed", "refused", "json"}),
    "show": frozenset({"json", "text"}),
    "export": frozenset({"since", "format", "output", "yes"}),
}
_FORMS = ("json", "csv", "text")


class HistoryOptions(Struct, frozen=True, kw_only=True):
    """The words of the command line."""

    what: str = "list"
    ids: tuple[str, ...] = ()
    limit: str = "50"
    since: str | None = None
    failed: bool = False
    refused: bool = False
    json: bool = False
    text: bool = False
    form: str = "json"
    output: str | None = None
    yes: bool = False

    def given(self) -> set[str]:
        """The options that were given."""
        plain = HistoryOptions()
        names = {"form": "format"}
        options = ("limit", "since", "failed", "refused", "json", "text", "form", "output", "yes")
        return {names.get(name, name) for name in options if getattr(self, name) != getattr(plain, name)}

    def check(self) -> None:
        """Raises SettingsError for words that do not go together."""
        what = self.what
        if what not in _BELONGS:
            hint = f"To see one call: twilio-rt calls show {printable(what)}"
            raise SettingsError(f"calls knows list, show and export, not {printable(what)}.", hint=hint)
        stray = sorted(self.given() - _BELONGS[what])
        if stray:
            raise SettingsError(f"--{stray[0]} does not go with calls {what}.", hint="See twilio-rt calls --help.")
        if what == "list" and self.ids:
            raise SettingsError("calls list takes no call.", hint="To see one: twilio-rt calls show ID")
        if what == "show" and len(self.ids) != 1:
            raise SettingsError("calls show takes one call.", hint="twilio-rt calls lists them.")
        if what == "export" and self.ids and self.since is not None:
            raise SettingsError("--since and single calls do not go together.")
        if self.json and self.text:
            raise SettingsError("--json and --text do not go together.")
        if self.form not in _FORMS:
            raise SettingsError(f"--format must be json, csv or text, not {printable(self.form)}.")
