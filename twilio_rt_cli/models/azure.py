"""Azure OpenAI: the same GA protocol, the key in a header of its own, the deployment's name as the model."""

from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.openai import USER_AGENT, with_model
from twilio_rt_cli.models.provider import Provider


def azure_endpoint(provider: Provider) -> Endpoint:
    """The endpoint of `wss://<resource>.openai.azure.com/openai/v1/realtime`; the GA form takes no `api-version`."""
    return Endpoint(
        url=with_model(provider.url, provider.model),
        headers=(("User-Agent", USER_AGENT), ("api-key", provider.api_key or "")),
        ping_interval_s=provider.ping_interval_s,
        ping_timeout_s=provider.ping_timeout_s,
    )
