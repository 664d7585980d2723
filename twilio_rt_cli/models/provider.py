"""Which model answers, and where: what every provider makes its endpoint of."""

from dataclasses import dataclass
from typing import Literal

ProviderName = Literal["openai", "azure", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as it is set."""

    name: ProviderName
    url: str
    """ws:// or wss:// address of the realtime route, without the model"""
    model: str
    """model, or deployment at Azure"""
    api_key: str | None = None
    ping_interval_s: float = 30.0
    ping_timeout_s: float = 30.0
