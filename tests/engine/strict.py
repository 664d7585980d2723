"""Server events against the official SDK's own types: strictly, with no key that those types do not know."""

from collections.abc import Iterator

import msgspec
import pydantic
from openai.types.realtime import RealtimeServerEvent, RealtimeSessionCreateResponse

Event = dict[str, object]

_ADAPTER: pydantic.TypeAdapter[object] = pydantic.TypeAdapter(RealtimeServerEvent)
# The session of session.created is typed as the request that would make it, which has no id; the SDK's type for a
# session that exists (RealtimeSessionCreateResponse) knows these.
_OF_AN_EXISTING_SESSION = {"session": {"id", "object", "expires_at"}}
assert _OF_AN_EXISTING_SESSION["session"] <= set(RealtimeSessionCreateResponse.model_fields)
_NO_EVENT_ID = {"input_audio_buffer.dtmf_event_received"}


def checked(frame: str | bytes) -> Event:
    """The event in a text frame. Fails with AssertionError when the SDK would not know it, or not all of it."""
    event = msgspec.json.decode(frame, type=dict[str, object])
    kind = event.get("type")
    try:
        model = _ADAPTER.validate_json(frame, strict=True)
    except pydantic.ValidationError as error:
        raise AssertionError(f"{kind} is no event of the SDK: {error}") from error
    assert isinstance(model, pydantic.BaseModel)
    assert getattr(model, "type", None) == kind, f"{kind} was taken for a {type(model).__name__}"
    assert kind in _NO_EVENT_ID or event.get("event_id"), f"{kind} has no event_id"
    unknown = [path for path in _unknown_keys(model, "") if path]
    assert unknown == [], f"{kind} has keys that the SDK does not know: {unknown}"
    return event


def _unknown_keys(value: object, path: str) -> Iterator[str]:
    match value:
        case pydantic.BaseModel():
            known_elsewhere = _OF_AN_EXISTING_SESSION.get(path, set())
            yield from (f"{path}.{name}" for name in value.model_extra or () if name not in known_elsewhere)
            for name in type(value).model_fields:
                yield from _unknown_keys(getattr(value, name), f"{path}.{name}".lstrip("."))
        case list():
            for index, part in enumerate(value):
                yield from _unknown_keys(part, f"{path}[{index}]")
        case _:
            return
