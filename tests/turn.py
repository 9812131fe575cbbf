"""A coturn as its package has it, with a secret of ours: on loopback, or in a network of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

SECRET = "the turn servers know it, too"
START_TIMEOUT = 15.0


@attrs.frozen(eq=False)
class Turn:
    """A TURN server that runs."""

    address: str
    port: int
    #: For ``turn_secret_file``.
    secret_file: Path
    _log: Path

    def url(self, transport: str = "udp") -> str:
        return f"turn:{self.address}:{self.port}?transport={transport}"

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_turn(
    folder: Path, address: str, port: int, *, peers: str, enter: Sequence[str] = ()
) -> Generator[Turn, None, None]:
    """Run a TURN server whose relays lead to the address ``peers`` and nowhere else, as the README advises."""
    found = shutil.which("turnserver")
    assert found is not None, "coturn is not installed: `make test` installs it"
    secret, configuration, log = folder / "turn.secret", folder / "turnserver.conf", folder / "turnserver.log"
    secret.write_text(f"{SECRET}\n")
    configuration.write_text(
        "\n".join(
            [
                f"listening-ip={address}",
                f"relay-ip={address}",
                f"listening-port={port}",
                "realm=chat.example.org",
                "use-auth-secret",
                f"static-auth-secret={SECRET}",
                "no-multicast-peers",
                "denied-peer-ip=0.0.0.0-255.255.255.255",
                f"allowed-peer-ip={peers}",
                *("no-cli", "no-tls", "no-dtls", "no-rfc5780", "simple-log", "verbose"),
                f"userdb={folder / 'turndb'}",
                f"pidfile={folder / 'turnserver.pid'}",
                "log-file=stdout",
            ]
        )
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*enter, found, "-c", str(configuration)], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        turn = Turn(address, port, secret, log)
        deadline = time.monotonic() + START_TIMEOUT
        while "UDP listener opened" not in turn.log():
            assert process.poll() is None, turn.log()
            assert time.monotonic() < deadline, turn.log()
            time.sleep(0.02)
        yield turn
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
