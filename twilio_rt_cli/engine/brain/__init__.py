"""Who decides what the agent says: `rules`, which is no language model."""
