"""Hypothesis without a deadline, since machines are shared; a state folder of the tests' own; little to collect."""

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.nursery.nursery import Nursery, nursery

# Two threads that multiply at once wait for each other's workers by spinning: on two cores that can take minutes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported for the tests stays: garbage collections need not look at it again and again.

    A full one would take 0.3 s, and tests that look for leaks ask for many.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers that tests start announce themselves there, and not where a person's own server may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", name="nursery")
def _nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where servers in processes of their own begin quickly."""
    with nursery(tmp_path_factory.mktemp("nursery") / "socket") as one:
        yield one
