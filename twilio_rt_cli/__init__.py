"""The bridge between a phone number and a realtime voice model."""

__version__ = "0.1.0"
