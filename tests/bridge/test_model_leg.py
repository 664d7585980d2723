"""The model's leg: audio and orders in a dialect."""

import asyncio
from dataclasses import replace

from tests.bridge.wire import Wire
from twilio_rt_cli.bridge.leg import Nobody
from twilio_rt_cli.bridge.model_leg import ModelLeg
from twilio_rt_cli.models.dialects.openai import OPENAI
from twilio_rt_cli.protocol.realtime_client import CancelResponse


def test_audio_and_orders_are_written_in_the_dialect() -> None:
    async def test() -> None:
        spelled = replace(
            OPENAI, audio_prefix=b"hear<", audio_suffix=b">", encode=lambda order: type(order).__name__.encode()
        )
        leg = ModelLeg(Nobody(), spelled, 1 << 20)
        wire = Wire(leg)
        leg.send_audio(b"\x7f" * 5)
        leg.send_order(CancelResponse())
        assert wire.sent == [b"hear<f39/f38=>", b"CancelResponse"]

    asyncio.run(test())


def test_before_it_is_connected_and_once_it_closes_nothing_is_written() -> None:
    async def test() -> None:
        leg = ModelLeg(Nobody(), OPENAI, 1 << 20)
        leg.send_audio(b"early")
        wire = Wire(leg)
        leg.close()
        leg.send_audio(b"late")
        leg.send_order(CancelResponse())
        assert wire.sent == []

    asyncio.run(test())
