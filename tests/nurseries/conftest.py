from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Generator

import pytest
import trio

from nurseries.testing import Host


@pytest.fixture
def host() -> Generator[Host, None, None]:
    with Host() as host:
        yield host


@pytest.fixture
def nothing_is_left() -> Generator[None, None, None]:
    """Of no host there is: no hook, no signal handler, no thread, no current run, no complaint of the collector."""
    before = sys.get_asyncgen_hooks(), signal.getsignal(signal.SIGINT), threading.active_count()
    yield
    assert (sys.get_asyncgen_hooks(), signal.getsignal(signal.SIGINT), threading.active_count()) == before
    assert not trio.lowlevel.in_trio_run()
    gc.collect()
