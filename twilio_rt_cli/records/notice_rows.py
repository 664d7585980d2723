"""What a call tells as rows of its record: a kind and JSON, and back again."""

import msgspec

from twilio_rt_cli.call.notices import (
    AgentTurn,
    BargedIn,
    CallerTurn,
    CallTrouble,
    CutOff,
    FirstAudio,
    KeyPressed,
    ModelReady,
    Notice,
    ToolAnswered,
    ToolStarted,
)

_TYPES: dict[str, type[Notice]] = {
    "ready": ModelReady,
    "first_audio": FirstAudio,
    "caller_turn": CallerTurn,
    "agent_turn": AgentTurn,
    "barge_in": BargedIn,
    "cut_off": CutOff,
    "tool_started": ToolStarted,
    "tool_answered": ToolAnswered,
    "keys": KeyPressed,
    "trouble": CallTrouble,
}
"""All but the end of a call, which is the record itself. These names are in people's files: they never change."""
_KINDS = {type_: kind for kind, type_ in _TYPES.items()}


def row_of(notice: Notice) -> tuple[str, str]:
    """Kind and body of an event."""
    return _KINDS[type(notice)], msgspec.json.encode(notice).decode()


def notice_of(kind: str, body: str) -> Notice | None:
    """The event again; None of one that this version does not know."""
    known = _TYPES.get(kind)
    try:
        return msgspec.json.decode(body, type=known) if known else None
    except msgspec.MsgspecError:
        return None
