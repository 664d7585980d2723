"""What the agent can do besides talk. `tool` and `ToolError` are all that a tool file of one's own needs."""

from twilio_rt_cli.tools.registry import ToolError, tool

__all__ = ["ToolError", "tool"]
