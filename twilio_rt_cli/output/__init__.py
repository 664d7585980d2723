"""What we print: terminal and log, lines that never block, what is masked, and exit codes."""
