"""The price table that comes with the package, `prices.toml`: what the tokens of a model cost, and since when."""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from twilio_rt_cli.call.figures.cost import Prices

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices we know."""

    as_of: date
    """the day they were true"""
    sources: tuple[str, ...]
    """the pages they were read on"""
    models: dict[str, Prices]

    def of(self, model: str) -> Prices | None:
        """The prices of this model, or of the model it is a dated snapshot of. None: unknown, which is not free."""
        return self.models.get(model) or self.models.get(_SNAPSHOT.sub("", model))


def price_table() -> PriceTable:
    """The table, read now: keep it."""
    text = files("twilio_rt_cli.models").joinpath("prices.toml").read_text("utf-8")
    table = tomllib.loads(text)
    models = {name: Prices(**prices) for name, prices in table["models"].items()}
    return PriceTable(table["as_of"], tuple(table["sources"]), models)


def prices_of(model: str) -> Prices | None:
    """The prices of one model, from the table that is read now; None: not known."""
    return price_table().of(model)
