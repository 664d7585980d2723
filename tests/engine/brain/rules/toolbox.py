"""Tools that the brain's tests offer it."""

from datetime import date

from twilio_rt_cli.engine.session.config import FunctionTool

MONDAY = date(2026, 11, 23)


def tool(name: str, description: str, required: tuple[str, ...] = (), /, **properties: object) -> FunctionTool:
    """A function tool with these properties."""
    schema: dict[str, object] = {"type": "object", "properties": properties, "required": list(required)}
    return FunctionTool(name, description, schema)


DATE = {"type": "string", "format": "date"}
TIME = {"type": "string", "format": "time"}
AVAILABILITY = tool("check_availability", "See whether an appointment is free.", ("date", "time"), date=DATE, time=TIME)
WEATHER = tool(
    "get_weather",
    "Current weather of a city.",
    ("city",),
    city={"type": "string"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
ORDER = tool("order_status", "Status of an order.", ("order_number",), order_number={"type": "string"})
TABLE = tool(
    "book_table",
    "Reserve a table.",
    ("date", "time", "party_size", "name"),
    date=DATE,
    time=TIME,
    party_size={"type": "integer", "description": "number of guests"},
    name={"type": "string"},
)
TRANSFER = tool(
    "transfer_call",
    "Transfer the caller.",
    ("department",),
    department={"type": "string", "enum": ["sales", "customer_support", "billing"]},
)
DICE = tool("roll_dice", "Roll a dice.")
ALL = (AVAILABILITY, WEATHER, ORDER, TRANSFER, DICE)
