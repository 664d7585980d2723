"""Settings: their types, where they come from, and as each part wants them."""
