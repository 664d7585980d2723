"""Keys the caller pressed, collected until a pause or `#`: over Media Streams the model must be told of them as
text."""

from twilio_rt_cli.protocol.realtime import ItemId
from twilio_rt_cli.protocol.realtime_client import CreateItem, InputText, UserMessage

PAUSE_S = 1.5
END = "#"


class Keypad:
    """Digits of one call."""

    def __init__(self) -> None:
        self._digits = ""
        self._due_at: float | None = None
        self._messages = 0

    def press(self, digit: str, now: float) -> str | None:
        """One key. Answers all digits when the caller ended them with `#`."""
        if digit == END and self._digits:
            return self._take()
        self._digits += digit
        self._due_at = now + PAUSE_S
        return None

    def deadline(self) -> float | None:
        """When to call `wake`."""
        return self._due_at

    def wake(self, now: float) -> str | None:
        """Time passed. Answers the digits after a pause."""
        return self._take() if self._due_at is not None and self._due_at <= now else None

    def message(self, digits: str) -> CreateItem:
        """What tells the model of these digits."""
        self._messages += 1
        text = f"The caller pressed these keys on the phone: {digits}"
        return CreateItem(UserMessage(id=ItemId(f"item_keys_{self._messages}"), content=(InputText(text),)))

    def _take(self) -> str:
        digits, self._digits, self._due_at = self._digits, "", None
        return digits
