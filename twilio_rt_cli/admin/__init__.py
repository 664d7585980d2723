"""The admin port: its routes, metrics, and event lines for who attaches."""
