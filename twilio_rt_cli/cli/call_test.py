"""`twilio-rt call-test`: places a simulated call and says how it went."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from twilio_rt_cli.cli.options import typed

EXAMPLES = """\b
Examples:
  twilio-rt call-test
  twilio-rt call-test http://127.0.0.1:5001 --record call.wav
  twilio-rt call-test --say "Are you open on Saturday?" --expect "Saturday"
  twilio-rt call-test --to +14155550123
"""

_caller = partial(Option, rich_help_panel="The simulated caller")
_line = partial(Option, rich_help_panel="Its line")
_check = partial(Option, rich_help_panel="What must hold")
_result = partial(Option, rich_help_panel="What is written")
_phone = partial(Option, rich_help_panel="A real call instead")

Url = Annotated[
    str | None,
    Argument(
        metavar="URL",
        help="A bridge (http, https) or a media server (ws, wss). Without it: everything here, offline.",
    ),
]
Say = Annotated[
    list[str] | None,
    _caller(metavar="TEXT", help="What the caller says, a turn each. [the script]"),
]
Audio = Annotated[
    list[Path] | None,
    _caller(
        path_type=Path, metavar="FILE", help="A WAV file that the caller plays, a turn each, after those of --say."
    ),
]
Dtmf = Annotated[str | None, _caller(metavar="DIGITS", help="Keys to press after the greeting.")]
BargeIn = Annotated[
    bool,
    _caller("--barge-in", help="Interrupt every answer after the greeting; the last one with a turn more, an excuse."),
]
HowMany = Annotated[int, _caller(metavar="N", help="How many calls at once.", min=1, max=1000)]
DurationS = Annotated[float | None, _caller("--duration", metavar="S", help="Hang up after so many seconds.", min=0.1)]
SignAs = Annotated[
    str | None,
    _caller(metavar="ORIGIN", help="Origin to sign and name, as behind a proxy. [URL's own]"),
]
LossPercent = Annotated[
    float, _line("--packet-loss", metavar="N", help="Percent of frames lost, each way.", min=0, max=100)
]
JitterMs = Annotated[float, _line(metavar="N", help="Largest extra delay of a message.", min=0)]
LatencyMs = Annotated[float, _line(metavar="N", help="Delay one way, each direction.", min=0)]
Seed = Annotated[int, _line(metavar="N", help="The same seed gives the same line.")]
Expect = Annotated[
    list[str] | None,
    _check(metavar="TEXT", help="What the agent's voice must say, as the offline recogniser hears it."),
]
MaxFirstAudioMs = Annotated[
    float | None, _check(metavar="N", help="Longest wait from start to the first agent audio.", min=0)
]
MaxV2vMs = Annotated[
    float | None,
    _check(
        metavar="N",
        help="Longest wait from the end of the caller's speech to the first audio of the answer.",
        min=0,
    ),
]
Strict = Annotated[
    bool, _check("--strict", help="Breaches of the protocol fail the test; without it they are only listed.")
]
Record = Annotated[
    Path | None,
    _result(
        path_type=Path,
        metavar="FILE",
        help="Stereo WAV to write: caller left, agent right; several calls get a number each.",
    ),
]
Junit = Annotated[Path | None, _result(path_type=Path, metavar="FILE", help="JUnit XML file to write.")]
Summary = Annotated[bool, _result("--json", help="One JSON object on stdout, and nothing else there.")]
RealPhone = Annotated[
    str | None,
    _phone(
        metavar="NUMBER",
        help="A real call through Twilio: this phone rings, and talks to URL's bridge, or the running server's.",
    ),
]
Agreed = Annotated[bool, _phone("--yes", help="With --to: call without asking; needed where there is no terminal.")]


def call_test(
    ctx: typer.Context,
    url: Url = None,
    *,
    say: Say = None,
    audio: Audio = None,
    dtmf: Dtmf = None,
    barge_in: BargeIn = False,
    calls: HowMany = 1,
    duration_s: DurationS = None,
    sign_as: SignAs = None,
    loss_percent: LossPercent = 0.0,
    jitter_ms: JitterMs = 0.0,
    latency_ms: LatencyMs = 0.0,
    seed: Seed = 0,
    expect: Expect = None,
    max_first_audio_ms: MaxFirstAudioMs = None,
    max_v2v_ms: MaxV2vMs = None,
    strict: Strict = False,
    record: Record = None,
    junit: Junit = None,
    json: Summary = False,
    to: RealPhone = None,
    yes: Agreed = False,
) -> None:
    """Call a bridge as Twilio would, and tell how it answered.

    Exit codes: 0 the call went well, 3 a check failed, 4 the bridge refused our signature, 5 it cannot be reached,
    130 stopped by Ctrl-C.
    """
    if to is not None:
        from twilio_rt_cli.call_test.phone_call import PhoneCallOptions, ring
        from twilio_rt_cli.numbers.configure import NEEDED
        from twilio_rt_cli.settings.dot_env import check_dot_env
        from twilio_rt_cli.settings.loading import load_some

        check_dot_env()
        settings = load_some((*NEEDED, "max_call_seconds"))
        limit_s = round(settings.agent.max_call_seconds)
        raise typer.Exit(ring(typed(PhoneCallOptions, ctx), settings.twilio, limit_s))

    from twilio_rt_cli.call_test.options import CallTestOptions, Expectations
    from twilio_rt_cli.call_test.run import run

    raise typer.Exit(run(typed(CallTestOptions, ctx, expectations=typed(Expectations, ctx))))
