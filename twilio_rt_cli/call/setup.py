"""Getting the session we want: asked for when the socket opens, checked before any audio flows.

An update is taken or refused whole. If it is refused, the caller's transcription is left out in a second try: a call
without a transcript beats no call, and transcription models come and go. The format must come back as µ-law both
ways: on a session that stayed at 24 kHz PCM the caller hears static.
"""

from copy import deepcopy
from typing import Any

from twilio_rt_cli.call.notices import CallTrouble
from twilio_rt_cli.protocol.realtime import ErrorDetails, SessionUpdated
from twilio_rt_cli.protocol.realtime_client import SessionUpdate

MULAW = "audio/pcmu"


class SessionSetup:
    """The session of one call, until it is agreed."""

    def __init__(self, session: dict[str, Any]) -> None:
        self._session = deepcopy(session)  # a plan serves many calls
        self._tries = 0

    def ask(self) -> SessionUpdate:
        """The update to send."""
        self._tries += 1
        return SessionUpdate(self._session, event_id=self._event_id)

    def wrong_format(self, event: SessionUpdated) -> str | None:
        """What is wrong with the audio of the effective session, or None."""
        audio = event.session.audio
        for name, side in (("input", audio and audio.input), ("output", audio and audio.output)):
            kind = side.format.type if side and side.format else "nothing"
            if kind != MULAW:
                return f"the session's {name} audio is {kind}, not {MULAW}"
        return None

    def refused(self, error: ErrorDetails) -> list[SessionUpdate | CallTrouble] | None:
        """The update was refused: what to try instead, or None when nothing is left to try."""
        if error.event_id not in (None, self._event_id):
            return []
        audio_input = self._session.get("audio", {}).get("input", {})
        if "transcription" not in audio_input:
            return None
        trouble = CallTrouble("model", error.name, f"no transcription of the caller: {error.text}")
        del audio_input["transcription"]
        return [trouble, self.ask()]

    @property
    def _event_id(self) -> str:
        return f"session_{self._tries}"
