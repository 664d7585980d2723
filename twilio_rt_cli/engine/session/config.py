"""The session object: what a client may ask for, how an update merges, and the full effective form that is sent back.

Fields, ranges and defaults: OpenAI Realtime, "session" (GA). An update names only what changes; one wrong key or value
refuses the whole of it. What this engine cannot do is refused by name instead of being accepted without effect:
`audio/pcma`, MCP tools, and sessions of type `transcription`.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field, structs

from twilio_rt_cli.engine.session.refusals import RefusedError, invalid_value

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar")
DEFAULT_INSTRUCTIONS = "You are a helpful agent on the phone. Be brief and friendly."
SUPPORTED_VALUES: dict[str, tuple[str, ...]] = {
    "session.type": ("realtime",),
    "format.type": ("audio/pcm", "audio/pcmu"),
    "format.rate": ("24000",),
    "turn_detection.type": ("server_vad", "semantic_vad"),
    "turn_detection.eagerness": ("low", "medium", "high", "auto"),
    "noise_reduction.type": ("near_field", "far_field"),
    "tool_choice": ("none", "auto", "required"),
    "reasoning.effort": ("minimal", "low", "medium", "high", "xhigh"),
    "response.conversation": ("auto", "none"),
    "item.type": ("message", "function_call", "function_call_output"),
    "item.role": ("user", "assistant", "system"),
}
# The longest wait for semantic_vad is 8, 4 or 2 s by eagerness (OpenAI Realtime, "semantic_vad"). Without a model that
# judges the sentence, a fixed silence stands in for it.
SEMANTIC_SILENCE_MS = {"low": 1000, "medium": 600, "auto": 600, "high": 300}
_NO_TURN_DETECTION_MODELS = ("gpt-realtime-whisper", "gpt-live-transcribe")

MaxTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Modalities = Annotated[list[Literal["text", "audio"]], Meta(min_length=1)]


class PcmFormat(Struct, frozen=True, tag="audio/pcm", tag_field="type", forbid_unknown_fields=True):
    """16-bit little-endian PCM at 24 kHz."""

    rate: Literal[24000] = 24000


class PcmuFormat(Struct, frozen=True, tag="audio/pcmu", tag_field="type", forbid_unknown_fields=True):
    """µ-law at 8 kHz. It takes no `rate`: the original refuses one as unknown."""


AudioFormat = PcmFormat | PcmuFormat


class ServerVad(Struct, frozen=True, tag="server_vad", tag_field="type", forbid_unknown_fields=True):
    """Turns by voice activity."""

    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=10_000)] = 300
    silence_duration_ms: Annotated[int, Meta(ge=0, le=10_000)] = 500
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30_000)] | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Struct, frozen=True, tag="semantic_vad", tag_field="type", forbid_unknown_fields=True):
    """Turns by what was said; here server_vad with a silence that follows the eagerness."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad


class ServerVadUpdate(Struct, frozen=True, tag="server_vad", tag_field="type", forbid_unknown_fields=True):
    """The keys of a server_vad that change."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    silence_duration_ms: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30_000)] | UnsetType | None = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVadUpdate(Struct, frozen=True, tag="semantic_vad", tag_field="type", forbid_unknown_fields=True):
    """The keys of a semantic_vad that change."""

    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class NoiseReduction(Struct, frozen=True, forbid_unknown_fields=True):
    """Kept and echoed; the offline engine listens to the audio as it comes."""

    type: Literal["near_field", "far_field"]
    strength: Annotated[float, Meta(ge=0, le=1)] = 1.0


class Transcription(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which model transcribes the caller; here one recogniser answers for all of them."""

    model: str | None = None
    language: str | None = None
    languages: list[str] | None = None
    keywords: list[str] | None = None
    prompt: str | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class VoiceId(Struct, frozen=True, forbid_unknown_fields=True):
    """A custom voice."""

    id: str


Voice = str | VoiceId


class FunctionTool(Struct, frozen=True, tag="function", tag_field="type", forbid_unknown_fields=True):
    """A function the agent may call."""

    name: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]+$")]
    description: str = ""
    parameters: dict[str, object] = field(default_factory=dict)


class FunctionChoice(Struct, frozen=True, tag="function", tag_field="type", forbid_unknown_fields=True):
    """The one function that must be called."""

    name: str


ToolChoice = Literal["none", "auto", "required"] | FunctionChoice


class Reasoning(Struct, frozen=True, forbid_unknown_fields=True):
    """Kept and echoed; rules do not reason."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] = "low"


class TokenLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits that a retention ratio refers to."""

    post_instructions: Annotated[int, Meta(ge=0)]


class RetentionRatio(
    Struct, frozen=True, tag="retention_ratio", tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """How much of the conversation to keep when it is full."""

    retention_ratio: Annotated[float, Meta(ge=0, le=1)]
    token_limits: TokenLimits | None = None


class TracingConfig(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Names for a trace; kept and echoed."""

    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, object] | None = None


class PromptReference(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stored prompt; kept and echoed, there is no store here."""

    id: str
    version: str | None = None
    variables: dict[str, object] | None = None


Include = list[Literal["item.input_audio_transcription.logprobs"]]
Tracing = Literal["auto"] | TracingConfig
Truncation = Literal["auto", "disabled"] | RetentionRatio


class InputUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes in `audio.input`."""

    format: AudioFormat | UnsetType = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: ServerVadUpdate | SemanticVadUpdate | UnsetType | None = UNSET


class OutputUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes in `audio.output`."""

    format: AudioFormat | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType = UNSET


class AudioUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes in `audio`."""

    input: InputUpdate | UnsetType = UNSET
    output: OutputUpdate | UnsetType = UNSET


class SessionUpdate(Struct, frozen=True, forbid_unknown_fields=True):
    """The `session` of a session.update: only what is present changes."""

    type: Literal["realtime"]
    model: str | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: AudioUpdate | UnsetType = UNSET
    tools: list[FunctionTool] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    truncation: Truncation | UnsetType = UNSET
    tracing: Tracing | UnsetType | None = UNSET
    prompt: PromptReference | UnsetType | None = UNSET
    include: Include | UnsetType | None = UNSET


class AudioInput(Struct, frozen=True):
    """The effective `audio.input`."""

    format: AudioFormat = PcmFormat()
    noise_reduction: NoiseReduction | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = ServerVad()


class AudioOutput(Struct, frozen=True):
    """The effective `audio.output`."""

    format: AudioFormat = PcmFormat()
    voice: Voice = "alloy"
    speed: float = 1.0


class Audio(Struct, frozen=True):
    """The effective `audio`."""

    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class SessionConfig(Struct, frozen=True, tag="realtime", tag_field="type"):
    """The full effective session, as session.created and session.updated show it. `expires_at` is in Unix seconds."""

    id: str
    model: str
    expires_at: int
    object: Literal["realtime.session"] = "realtime.session"
    output_modalities: list[Literal["text", "audio"]] = field(default_factory=lambda: ["audio"])
    instructions: str = DEFAULT_INSTRUCTIONS
    audio: Audio = Audio()
    tools: list[FunctionTool] = field(default_factory=list)
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    reasoning: Reasoning | None = None
    max_output_tokens: int | Literal["inf"] = "inf"
    truncation: Truncation = "auto"
    tracing: Tracing | None = None
    prompt: PromptReference | None = None
    include: Include | None = None


def updated(config: SessionConfig, update: SessionUpdate, *, has_spoken: bool, is_responding: bool) -> SessionConfig:
    """The session after an update; raises RefusedError when any part of it may not change now.

    `has_spoken`: audio was sent in this session, so the voice is fixed. `is_responding`: the speed is fixed for now.
    """
    if update.model is not UNSET and update.model != config.model:
        raise RefusedError("Cannot update a conversation's model.", "cannot_update_model", param="session.model")
    if update.output_modalities is not UNSET:
        check_modalities(update.output_modalities, "session.output_modalities")
    check_tools(update.tools, "session.tools")
    audio = _audio_updated(config.audio, update.audio) if update.audio is not UNSET else config.audio
    check_voice(audio.output.voice, "session.audio.output.voice")
    # Wording and null param as the original says it (openai-agents-python issue 1661).
    if has_spoken and audio.output.voice != config.audio.output.voice:
        raise RefusedError("Cannot update a conversation's voice if assistant audio is present.", "cannot_update_voice")
    if is_responding and audio.output.speed != config.audio.output.speed:
        raise RefusedError(
            "Cannot update a conversation's speed while a response is in progress.",
            "cannot_update_speed",
            param="session.audio.output.speed",
        )
    if config.tracing is not None and update.tracing not in (UNSET, config.tracing):
        raise RefusedError("Tracing cannot be changed once it is on.", "cannot_update_tracing", param="session.tracing")
    changes = _present(update) | {"audio": audio}
    del changes["type"]
    return structs.replace(config, **changes)


def check_voice(voice: Voice, param: str) -> None:
    """Raises RefusedError for a name that is no built-in voice."""
    if isinstance(voice, str) and voice not in VOICES:
        raise invalid_value(param, voice, VOICES)


def check_modalities(modalities: list[Literal["text", "audio"]], param: str) -> None:
    """Raises RefusedError for audio and text at once."""
    if len(modalities) != 1:
        raise RefusedError(
            f"Invalid modalities: {modalities}. Supported combinations are: ['text'] and ['audio'].",
            "invalid_value",
            param=param,
        )


def check_tools(tools: list[FunctionTool] | UnsetType, param: str) -> None:
    """Raises RefusedError when two tools have one name."""
    names: set[str] = set()
    for index, tool in enumerate(() if tools is UNSET else tools):
        if tool.name in names:
            raise RefusedError(f"Duplicate tool name: '{tool.name}'.", "invalid_value", param=f"{param}[{index}].name")
        names.add(tool.name)


def _audio_updated(audio: Audio, update: AudioUpdate) -> Audio:
    heard, spoken = audio.input, audio.output
    if update.input is not UNSET:
        heard = _input_updated(heard, update.input)
    if update.output is not UNSET:
        spoken = structs.replace(spoken, **_present(update.output))
    return Audio(heard, spoken)


def _input_updated(current: AudioInput, update: InputUpdate) -> AudioInput:
    changes = _present(update)
    if update.turn_detection is not UNSET:
        changes["turn_detection"] = _turn_detection_updated(current.turn_detection, update.turn_detection)
    result = structs.replace(current, **changes)
    model = result.transcription.model if result.transcription else None
    if model in _NO_TURN_DETECTION_MODELS and result.turn_detection is not None:
        raise RefusedError(
            "Turn detection is not supported for this transcription model.",
            "invalid_value",
            param="session.audio.input.turn_detection",
        )
    return result


def _turn_detection_updated(
    current: TurnDetection | None, update: ServerVadUpdate | SemanticVadUpdate | None
) -> TurnDetection | None:
    match update:
        case None:
            return None
        case ServerVadUpdate():
            return structs.replace(current if isinstance(current, ServerVad) else ServerVad(), **_present(update))
        case SemanticVadUpdate():
            return structs.replace(current if isinstance(current, SemanticVad) else SemanticVad(), **_present(update))


def _present(update: Struct) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(update).items() if value is not UNSET}
