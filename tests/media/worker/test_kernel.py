"""How the kernel is compiled, found and chosen."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sysconfig
from array import array
from pathlib import Path

import pytest

from media.worker.counters import Counters
from media.worker.inlet import InletSelector
from media.worker.kernel import build, choice
from media.worker.kernel.choice import choose
from media.worker.kernel.load import KernelMissingError, load
from tests.media.worker.harness import ready_worker
from tests.media.worker.kernel import kernel


def test_it_is_chosen_where_it_is() -> None:
    kernel()
    selector = InletSelector()
    fanout, inlet, reason = choose(Counters(), kernel=True, serving=array("Q", [0]), selector=selector)
    assert (fanout.compiled, inlet.statistics().compiled, selector.inlet, reason) == (True, True, inlet, "")


def test_python_forwards_where_the_kernel_is_not_wanted() -> None:
    selector = InletSelector()
    fanout, inlet, reason = choose(Counters(), kernel=False, serving=array("Q", [0]), selector=selector)
    assert (fanout.compiled, inlet.statistics().compiled, selector.inlet, reason) == (False, False, None, "not wanted")


def test_python_forwards_where_the_kernel_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MODULE", "_nothing")
    fanout, inlet, reason = choose(Counters(), kernel=True, serving=array("Q", [0]), selector=InletSelector())
    assert (fanout.compiled, inlet.statistics().compiled, reason) == (False, False, "it was not compiled")


def test_without_a_descriptor_for_it_there_is_no_inlet(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(choice, "KernelInlet", fails)
    selector = InletSelector()
    fanout, inlet, reason = choose(Counters(), kernel=True, serving=array("Q", [0]), selector=selector)
    assert (fanout.compiled, inlet.statistics().compiled, selector.inlet, reason) == (True, False, None, "")
    assert "Too many open files" in caplog.text


def test_one_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel()
    monkeypatch.setattr(build, "fingerprint", lambda: "another")
    with pytest.raises(KernelMissingError, match="other sources"):
        load()


def test_it_is_built_where_one_says(tmp_path: Path) -> None:
    kernel()  # or this fails for want of a compiler, and says so
    assert build.build(tmp_path) == build.module_path(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [build.module_path().name]


def test_the_compiler_has_no_complaint(tmp_path: Path) -> None:
    kernel()
    build.build(tmp_path, flags=("-Werror", "-Wconversion", "-Wno-sign-conversion"))


def test_what_the_compiler_says_is_said(tmp_path: Path) -> None:
    kernel()
    with pytest.raises(build.BuildError, match=r"(?s)the compiler failed: .*nowhere\.h"):
        build.build(tmp_path, flags=("-include", "nowhere.h"))
    assert list(tmp_path.iterdir()) == []


def test_no_compiler_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kernel()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert build.main() == 1
    assert "there is no C compiler" in capsys.readouterr().err


def test_no_headers_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(build.BuildError, match="headers"):
        build.build(tmp_path)


@pytest.mark.process
@pytest.mark.parametrize(("options", "compiled"), [((), True), (("--no-kernel",), False)])
def test_a_worker_forwards_with_either(
    options: tuple[str, ...], compiled: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel()

    async def main() -> None:
        async with ready_worker("--port", "0", "--address", "127.0.0.1", *options) as worker:
            source = await worker.publisher("alice", {"0": "audio", "1": "video"})
            await worker.join("bob")
            peer, _ = await worker.subscriber("bob")
            before = await worker.statistics()
            source.send_frame("1", key=True)
            sent = [source.send_frame("0", level=level) for level in (0, 127)]
            await peer.until(lambda: len(peer.packets) >= 3)
            after = await worker.statistics()
            heard = [p for p in peer.packets if p.payload_type == 111]
            assert [p.data[p.payload_at :] for p in heard] == [p.data[p.payload_at :] for p in sent]
            assert [p.extensions()[1] for p in heard] == [b"\x00", b"\x7f"]
            assert before.kernel is after.kernel is compiled
            assert after.packets_sent - before.packets_sent >= 3

    asyncio.run(main())
    assert ("kernel=yes" if compiled else "kernel=no reason='not wanted'") in capfd.readouterr().err
