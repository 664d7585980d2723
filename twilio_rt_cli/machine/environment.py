"""The environment of the programs that we start: ours, without the secrets in it."""

import os

_SECRETS = ("OPENAI_", "AZURE_", "TWILIO_", "NGROK_AUTHTOKEN", "NGROK_API_KEY")


def secret_names() -> list[str]:
    """The variables of our environment that may hold a secret, and that no other program has a use for."""
    return [name for name in os.environ if name.upper().startswith(_SECRETS)]
