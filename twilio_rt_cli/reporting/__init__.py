"""Who hears of what happens, and in which words."""
