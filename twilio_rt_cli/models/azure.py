"""Azure OpenAI: the same GA protocol, the key in a header of its own, the deployment's name as the model."""

from twilio_rt_cli.models.dialer import Endpoint
from twilio_rt_cli.models.openai import USER_AGENT, with_model


def azure_endpoint(
    *, url: str, deployment: str, api_key: str, ping_interval_s: float, ping_timeout_s: float
) -> Endpoint:
    """The endpoint of `wss://<resource>.openai.azure.com/openai/v1/realtime`; the GA form takes no `api-version`."""
    return Endpoint(
        url=with_model(url, deployment),
        headers=(("User-Agent", USER_AGENT), ("api-key", api_key)),
        ping_interval_s=ping_interval_s,
        ping_timeout_s=ping_timeout_s,
    )
