"""What was said on a call, in the order in which it was spoken, with what the caller really heard of the agent.

Notices come as the model tells them, not as people speak: the caller's words are recognised while the answer to them is
already heard, and a barge-in may be told before or after the answer that it cut. So a transcript is made of all of a
call's notices at once.

Nobody knows at which word an answer was cut, only at which millisecond. What was heard is therefore an estimate: as
much of the item's text as was heard of its audio, back to the end of a word.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallTrouble,
    CutOff,
    ItemCut,
    KeyPressed,
    Notice,
    ToolAnswered,
    ToolStarted,
)

TimedNotice = tuple[float, Notice]
"""a notice, and when it came: ms since the call's `start`"""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """One thing that was said or done."""

    at_ms: float
    """when it began, since `start`; when it was told, where the model did not say"""
    who: str
    """caller, agent, tool, keys or error"""
    text: str
    heard_estimate: str | None = None
    """of an answer that was cut: the words the caller heard, by an estimate; None: nothing of it was cut"""
    interrupted: bool = False
    v2v_ms: float | None = None
    """of an answer: from the end of the caller's speech to its first audio"""


def transcript(notices: Iterable[TimedNotice]) -> list[SpokenLine]:
    """The lines in spoken order, of what a call told in the order in which it came."""
    kept = list(notices)
    cuts = _cuts(kept)
    latest = 0.0
    placed: list[tuple[float, SpokenLine]] = []
    for at_ms, notice in kept:
        line = _line(at_ms, notice, cuts)
        if line is None:
            continue
        # What has no time of its own comes after all that came before it, and before what was spoken later.
        begun_ms = latest if _untimed(notice) else line.at_ms
        latest = max(latest, begun_ms)
        placed.append((begun_ms, line))
    return [line for _, line in sorted(placed, key=lambda one: one[0])]


def heard_part(text: str, cut: ItemCut) -> str:
    """The words that were heard of a cut item, by the share of its audio that was."""
    if cut.heard_ms >= cut.received_ms > 0:
        return text
    count = int(len(text) * max(0, cut.heard_ms) / cut.received_ms) if cut.received_ms > 0 else 0
    part = text[:count]
    if text[count : count + 1].isspace() or not any(map(str.isspace, text)):  # a script without blanks has no word ends
        return part.rstrip()
    words = part.split()
    return part[: part.rindex(words[-1])].rstrip() if words and not part[-1].isspace() else part.rstrip()


def _untimed(notice: Notice) -> bool:
    return isinstance(notice, CallerTurn | AgentTurn) and notice.spoken_at_ms is None


def _cuts(notices: Iterable[TimedNotice]) -> dict[str, ItemCut]:
    """Every item that was cut; what was cut twice keeps the earlier cut."""
    found: dict[str, ItemCut] = {}
    for _, notice in notices:
        match notice:
            case BargedIn():
                cuts = notice.cuts or (ItemCut(notice.item_id, notice.heard_ms, notice.received_ms),)
            case CutOff():
                cuts = notice.cuts
            case _:
                continue
        for cut in cuts:
            found.setdefault(cut.item_id, cut)
    return found


def _line(at_ms: float, notice: Notice, cuts: Mapping[str, ItemCut]) -> SpokenLine | None:
    match notice:
        case CallerTurn():
            return SpokenLine(_begun(at_ms, notice.spoken_at_ms), "caller", notice.text)
        case AgentTurn():
            heard = _heard(notice, cuts)
            return SpokenLine(
                _begun(at_ms, notice.spoken_at_ms),
                "agent",
                notice.text,
                heard,
                notice.interrupted or heard is not None,
                notice.v2v_ms,
            )
        case ToolStarted():
            return SpokenLine(at_ms, "tool", f"{notice.name}({notice.arguments})")
        case ToolAnswered():
            return SpokenLine(at_ms, "tool" if notice.ok else "error", f"{notice.name} → {notice.output}")
        case KeyPressed():
            return SpokenLine(at_ms, "keys", notice.digits)
        case CallTrouble():
            return SpokenLine(at_ms, "error", f"{notice.side} {notice.code}: {notice.message}".removesuffix(": "))
        case _:
            return None


def _begun(at_ms: float, spoken_at_ms: float | None) -> float:
    return at_ms if spoken_at_ms is None else spoken_at_ms


def _heard(turn: AgentTurn, cuts: Mapping[str, ItemCut]) -> str | None:
    """The words that were heard of an answer; None: all of them."""
    parts = []
    for item in turn.items:
        if item.item_id in turn.unheard:
            parts.append("")
        elif item.item_id in cuts:
            parts.append(heard_part(item.text, cuts[item.item_id]))
        else:
            parts.append(item.text)
    if parts == [item.text for item in turn.items]:
        return None
    return " ".join(filter(None, parts))
