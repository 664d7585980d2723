"""Processes that begin with all imports done: forked from one that has made them, once for a run of the tests."""
