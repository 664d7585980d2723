"""What a call leaves behind: its record and, on request, its recording."""
