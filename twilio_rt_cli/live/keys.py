"""What a terminal sends when keys are pressed, as names: letters as they are, arrows and the like in words."""

import re

_NAMES = {
    **{"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"},
    **{"1~": "home", "7~": "home", "4~": "end", "8~": "end", "5~": "page up", "6~": "page down"},
}
# CSI and SS3; parameters of modifiers (ESC [ 1 ; 5 A) do not change which key it is. (ECMA-48, 5.4; xterm, "ctlseqs")
_SEQUENCE = re.compile(r"\x1b(?:\[([0-9;:<=>?]*)[ -/]*([@-~])|O([@-~]))")
_BEGUN = re.compile(r"\x1b(?:O|\[[0-9;:<=>?]{0,32}[ -/]{0,8})?\Z")


class Keys:
    """Decodes what was read, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = ""

    @property
    def waiting(self) -> bool:
        """Whether there is half a key: the rest of it follows at once, or Esc itself was pressed."""
        return bool(self._rest)

    def feed(self, raw: bytes) -> list[str]:
        """The keys that are complete by now."""
        text, self._rest = self._rest + raw.decode("utf-8", "ignore"), ""
        keys, at = [], 0
        while at < len(text):
            if text[at] != "\x1b":
                keys.append(text[at])
                at += 1
            elif found := _SEQUENCE.match(text, at):
                at = found.end()
                keys += _named(found)
            elif _BEGUN.match(text, at):
                self._rest = text[at:]
                break
            else:  # Esc, and another key after it
                keys.append("esc")
                at += 1
        return keys

    def flush(self) -> list[str]:
        """Nothing followed for a while: what began with Esc was that key."""
        waiting, self._rest = self._rest, ""
        return ["esc"] if waiting else []


def _named(found: re.Match[str]) -> list[str]:
    parameters, final, single = found.groups()
    name = _NAMES.get(single or (f"{parameters.partition(';')[0]}~" if final == "~" else final))
    return [name] if name else []
