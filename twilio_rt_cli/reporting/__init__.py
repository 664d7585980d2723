"""Who is told of what happens, and in which words."""
