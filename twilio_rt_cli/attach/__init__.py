"""What other commands do with a server that runs: look at it, ask where it is reached, give it a tunnel."""
