"""`twilio-rt engine`: the offline realtime engine alone, until Ctrl-C."""

from typing import Annotated

import typer


def engine(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", help="Port to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8765,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line, `engine.ready`, and nothing else.")
    ] = False,
) -> None:
    """Run the offline realtime engine alone.

    It is a server of the OpenAI Realtime protocol that needs no account and no network. It hears, speaks and calls
    tools by rules; there is no language model in it.
    """
    import asyncio

    from twilio_rt_cli.engine.service import run
    from twilio_rt_cli.engine.voice import load_voice_stack

    asyncio.run(run(load_voice_stack(), host, port, announce=typer.echo, as_json=json))
