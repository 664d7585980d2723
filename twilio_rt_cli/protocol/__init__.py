"""Wire: what the bytes say. Pure; no sockets, no clock."""
