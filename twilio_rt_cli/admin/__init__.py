"""The admin port: what it tells and takes, metrics, and event lines for who attaches."""
