"""Hypothesis without a deadline: these machines are shared, and a slow moment is no fault of the code."""

from hypothesis import settings

settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
