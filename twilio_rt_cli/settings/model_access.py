"""Where each provider's model is and the key to it: which settings say so, and what is asked for them.

One entry a provider. Whoever needs address or key, or says what is missing, takes it from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from twilio_rt_cli.models.provider import ProviderName
from twilio_rt_cli.protocol.origin import is_below
from twilio_rt_cli.settings.groups import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAccess:
    """The settings of one provider, by the names of their fields."""

    url: str | None
    """None: there is no address to set"""
    api_key: str | None
    """None: there is no key"""
    key_for: str | None = None
    """a server outside this domain needs no key; None: every server needs one"""
    question: str
    """what `init` says before it asks"""
    hint: str = ""
    """what to do when a setting is missing"""

    def needs_key(self, url: str) -> bool:
        """Whether the server at this address takes nobody without a key."""
        return self.api_key is not None and (self.key_for is None or is_below(url, self.key_for))


MODEL_ACCESS: Mapping[ProviderName, ModelAccess] = {
    "openai": ModelAccess(
        url="openai_realtime_url",
        api_key="openai_api_key",
        key_for="openai.com",
        question="A key of the OpenAI platform, from https://platform.openai.com/api-keys.",
        hint="Make a key at https://platform.openai.com/api-keys, or answer offline: twilio-rt serve --local.",
    ),
    "azure": ModelAccess(
        url="azure_openai_url",
        api_key="azure_openai_api_key",
        question="REALTIME_PROVIDER is azure: address and key of your Azure OpenAI resource.",
        hint="REALTIME_PROVIDER=azure needs AZURE_OPENAI_URL and AZURE_OPENAI_API_KEY of your resource.",
    ),
    "local": ModelAccess(
        url=None,
        api_key=None,
        question="REALTIME_PROVIDER is local: the offline engine answers, and needs no key.",
    ),
}


def access_of(model: ModelSettings) -> ModelAccess:
    """That of the provider that is set."""
    return MODEL_ACCESS[model.realtime_provider]


def url_of(model: ModelSettings) -> str:
    """Where the model is, as set; empty: nobody said, or the provider has no address."""
    name = access_of(model).url
    return (getattr(model, name) if name else None) or ""


def key_of(model: ModelSettings) -> SecretStr | None:
    """The key, as set."""
    name = access_of(model).api_key
    key: SecretStr | None = getattr(model, name) if name else None
    return key


def asked_of(model: ModelSettings) -> dict[str, bool]:
    """The settings that a person has to give, as the environment names them, and whether calls need them."""
    access = access_of(model)
    asked = {}
    if access.url and not ModelSettings.model_fields[access.url].default:
        asked[access.url.upper()] = True
    if access.api_key:
        asked[access.api_key.upper()] = access.needs_key(url_of(model))
    return asked
