"""This machine: the per-user state folder, processes on it, and what we take of it."""
