"""What is told of a call in figures and single words: counters, cost, health, where it stands, how it ended."""
