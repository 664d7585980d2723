"""The model's legs: where each provider's socket is, who we say we are there, and the session we ask for."""
