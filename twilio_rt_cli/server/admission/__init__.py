"""Who is let in: places and tokens, limits of the day, and strangers. Pure; time is an argument."""
