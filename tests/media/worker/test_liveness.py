from __future__ import annotations

from media.worker.liveness import CONNECT_TIMEOUT, CONSENT_TIMEOUT, Liveness


def test_a_leg_that_nobody_checks_fails() -> None:
    liveness = Liveness(0.0)
    assert liveness.state(CONNECT_TIMEOUT - 0.1) == "connecting"
    assert liveness.state(CONNECT_TIMEOUT) == "failed"


def test_a_leg_that_is_late_is_welcome() -> None:
    liveness = Liveness(0.0)
    liveness.checked(20.0)
    liveness.secured()
    assert liveness.state(20.0) == "connected"


def test_consent_is_lost_and_comes_back() -> None:
    liveness = Liveness(0.0)
    liveness.checked(1.0)
    liveness.secured()
    assert liveness.state(1.0 + CONSENT_TIMEOUT - 0.1) == "connected"
    assert liveness.state(1.0 + CONSENT_TIMEOUT) == "failed"
    liveness.checked(20.0)
    assert liveness.state(20.0) == "connected"


def test_the_end_of_dtls_is_the_end() -> None:
    liveness = Liveness(0.0)
    liveness.checked(1.0)
    liveness.secured()
    liveness.ended("closed")
    liveness.ended("failed")
    liveness.checked(2.0)
    assert liveness.state(2.0) == "closed"
    assert not liveness.is_open


def test_a_restart_gives_more_time() -> None:
    liveness = Liveness(0.0)
    liveness.restarted(9.0)
    assert liveness.state(CONNECT_TIMEOUT + 1) == "connecting"
