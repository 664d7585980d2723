"""`twilio-rt call-test`: places a simulated call and says how it went."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

_CALLER, _LINE, _CHECKS = "The simulated caller", "Its line", "What must hold"
_RESULTS, _PHONE = "What is written", "A real call instead"
EXAMPLES = """\b
Examples:
  twilio-rt call-test
  twilio-rt call-test http://127.0.0.1:5001 --record call.wav
  twilio-rt call-test --say "Are you open on Saturday?" --expect "Saturday"
  twilio-rt call-test --to +14155550123
"""


def call_test(
    url: Annotated[
        str | None,
        Argument(
            metavar="URL",
            help="A bridge (http, https) or a media server (ws, wss). Without it: everything here, offline.",
        ),
    ] = None,
    *,
    say: Annotated[
        list[str] | None,
        Option(metavar="TEXT", help="What the caller says, a turn each; replaces the script.", rich_help_panel=_CALLER),
    ] = None,
    audio: Annotated[
        list[Path] | None,
        Option(metavar="FILE", help="A WAV file that the caller plays, a turn each.", rich_help_panel=_CALLER),
    ] = None,
    dtmf: Annotated[
        str | None, Option(metavar="DIGITS", help="Keys to press after the greeting.", rich_help_panel=_CALLER)
    ] = None,
    barge_in: Annotated[
        bool,
        Option(
            "--barge-in",
            help="Interrupt every answer after the greeting, the last one with an excuse.",
            rich_help_panel=_CALLER,
        ),
    ] = False,
    calls: Annotated[
        int, Option(metavar="N", help="How many calls at once.", min=1, max=1000, rich_help_panel=_CALLER)
    ] = 1,
    duration: Annotated[
        float | None, Option(metavar="S", help="Hang up after so many seconds.", min=0.1, rich_help_panel=_CALLER)
    ] = None,
    sign_as: Annotated[
        str | None,
        Option(
            metavar="ORIGIN",
            help="Origin to sign and name instead of URL's, as behind a tunnel.",
            rich_help_panel=_CALLER,
        ),
    ] = None,
    packet_loss: Annotated[
        float, Option(metavar="N", help="Percent of frames lost, each way.", min=0, max=100, rich_help_panel=_LINE)
    ] = 0.0,
    jitter_ms: Annotated[
        float, Option(metavar="N", help="Largest extra delay of a message.", min=0, rich_help_panel=_LINE)
    ] = 0.0,
    latency_ms: Annotated[
        float, Option(metavar="N", help="Delay one way, each direction.", min=0, rich_help_panel=_LINE)
    ] = 0.0,
    seed: Annotated[int, Option(metavar="N", help="The same seed gives the same line.", rich_help_panel=_LINE)] = 0,
    expect: Annotated[
        list[str] | None, Option(metavar="TEXT", help="What the agent's voice must say.", rich_help_panel=_CHECKS)
    ] = None,
    max_first_audio_ms: Annotated[
        float | None, Option(metavar="N", help="Longest wait for the first audio.", min=0, rich_help_panel=_CHECKS)
    ] = None,
    max_v2v_ms: Annotated[
        float | None,
        Option(metavar="N", help="Longest wait for an answer, voice to voice.", min=0, rich_help_panel=_CHECKS),
    ] = None,
    strict: Annotated[
        bool, Option("--strict", help="Breaches of the protocol fail the test.", rich_help_panel=_CHECKS)
    ] = False,
    record: Annotated[
        Path | None,
        Option(metavar="FILE", help="Stereo WAV to write: caller left, agent right.", rich_help_panel=_RESULTS),
    ] = None,
    junit: Annotated[
        Path | None, Option(metavar="FILE", help="JUnit XML file to write.", rich_help_panel=_RESULTS)
    ] = None,
    json: Annotated[
        bool, Option("--json", help="One JSON object on stdout, and nothing else there.", rich_help_panel=_RESULTS)
    ] = False,
    to: Annotated[
        str | None,
        Option(
            metavar="NUMBER",
            help="A real call through Twilio: this phone rings, and is connected to URL.",
            rich_help_panel=_PHONE,
        ),
    ] = None,
    yes: Annotated[bool, Option("--yes", help="With --to: call without asking.", rich_help_panel=_PHONE)] = False,
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
        wanted_ring = PhoneCallOptions(to=to, url=url, yes=yes, duration_s=duration, json=json)
        raise typer.Exit(ring(wanted_ring, load_some((*NEEDED, "max_call_seconds"))))

    from twilio_rt_cli.call_test.options import CallTestOptions, Expectations
    from twilio_rt_cli.call_test.run import run

    options = CallTestOptions(
        url=url,
        say=tuple(say or ()),
        audio=tuple(audio or ()),
        dtmf=dtmf,
        barge_in=barge_in,
        calls=calls,
        duration_s=duration,
        record=record,
        expectations=Expectations(tuple(expect or ()), max_first_audio_ms, max_v2v_ms, strict),
        loss_percent=packet_loss,
        jitter_ms=jitter_ms,
        latency_ms=latency_ms,
        seed=seed,
        sign_as=sign_as,
        junit=junit,
        json=json,
    )
    raise typer.Exit(run(options))
