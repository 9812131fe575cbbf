"""Networks of our own: the server in one, each unlucky person in another, and a router between them.

A network namespace here has no name: it is there while a process in it lives, which ends with its standard input. So
nothing is left behind, however a run ends. Who is not root gets a user namespace around them, if the system lets them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import attrs

#: Everybody's address is the .2 of a network of their own, where the router has the .1; the server's is number 0.
PREFIX = "10.77"
SERVER_ADDRESS = f"{PREFIX}.0.2"
MEDIA_PORT = 10_000
#: Behind the same cable there is a second network, for those who move into it.
ELSEWHERE = 100


class CannotMake(Exception):
    """The system does not give us network namespaces; the message says what is missing."""


@attrs.frozen(eq=False)
class Namespace:
    """A network namespace, for as long as its first process reads its input."""

    holder: subprocess.Popen[bytes]
    #: What a command begins with that is to run in it.
    enter: tuple[str, ...]

    def run(self, *command: str) -> None:
        subprocess.run([*self.enter, *command], check=True, timeout=10)

    def shell(self, script: str) -> None:
        self.run("sh", "-ec", script)

    def pids(self) -> list[int]:
        """The processes in it that came after the first."""
        own = Path(f"/proc/{self.holder.pid}/ns/net").readlink()
        found = []
        for link in Path("/proc").glob("[0-9]*/ns/net"):
            try:
                if link.readlink() == own:
                    found.append(int(link.parent.parent.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # somebody else's, or gone
        return [pid for pid in found if pid != self.holder.pid]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process in it, the first excepted."""
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


@contextmanager
def namespace(within: Namespace | None = None) -> Generator[Namespace, None, None]:
    """Make a namespace, in the same user namespace as the other. Raises CannotMake."""
    as_root = os.geteuid() == 0
    if within is None:
        command = ["unshare", "--net"] if as_root else ["unshare", "--user", "--map-root-user", "--net"]
    else:
        command = ["unshare", "--net"] if as_root else [*within.enter, "unshare", "--net"]
    # Without IPv6: its addresses come a second late, and a page that is being loaded does not survive the change.
    without = "for each in all default; do echo 1 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; done 2>/dev/null"
    holder = subprocess.Popen(
        [*command, "sh", "-c", f"{without}; ip link set lo up && echo made && exec cat >&2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stderr is not None
    user = () if as_root else ("--user", "--preserve-credentials")
    try:
        if holder.stdout.readline() != b"made\n":
            said = holder.stderr.read().decode().strip()
            raise CannotMake(
                f"These tests make network namespaces, and may not here ({said}). Run them as root, or let everybody "
                "have user namespaces: sysctl kernel.unprivileged_userns_clone=1 on Debian, "
                "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu."
            )
        yield Namespace(holder, ("nsenter", "--target", str(holder.pid), *user, "--net", "--"))
    finally:
        holder.stdin.close()
        holder.wait(10)
        holder.stdout.close()
        holder.stderr.close()


@attrs.define(eq=False)
class Home:
    """Where somebody sits: a network with one cable, which leads to the router."""

    number: int
    inside: Namespace
    router: Namespace

    @property
    def address(self) -> str:
        return f"{PREFIX}.{self.number}.2"

    @property
    def cable(self) -> str:
        """The router's end of it."""
        return f"home{self.number}"

    def cut(self) -> None:
        """Let nothing through any more, either way, and tell nobody: at home all looks as before."""
        self.router.shell(
            f"echo 0 > /proc/sys/net/ipv4/conf/{self.cable}/forwarding; "
            f"ip route add blackhole {PREFIX}.{self.number}.2/32"
        )

    def mend(self) -> None:
        self.router.shell(
            f"echo 1 > /proc/sys/net/ipv4/conf/{self.cable}/forwarding; "
            f"ip route del blackhole {PREFIX}.{self.number}.2/32"
        )

    def unplug(self) -> None:
        """Pull the cable: the computer notices that its link is gone."""
        self.router.run("ip", "link", "set", self.cable, "down")

    def plug_in(self) -> None:
        self.router.run("ip", "link", "set", self.cable, "up")

    def block_udp(self) -> None:
        """Let no UDP out, as some networks do."""
        self._block("ipproto", "udp")

    def unblock_udp(self) -> None:
        self._block("ipproto", "udp", what="del")

    def block_media(self) -> None:
        """Let nothing through to the media port."""
        for protocol in ("udp", "tcp"):
            self._block("to", SERVER_ADDRESS, "ipproto", protocol, "dport", str(MEDIA_PORT))

    def _block(self, *selector: str, what: str = "add") -> None:
        self.router.run("ip", "rule", what, "iif", self.cable, *selector, "blackhole")

    def move(self) -> None:
        """Go to another network: what comes and goes has another address from now on."""
        _address(self.inside, self.number + ELSEWHERE)
        self.inside.shell(f"ip addr del {PREFIX}.{self.number}.2/24 dev eth0")

    def freeze(self) -> None:
        """Stop every process at home, as a computer does that falls asleep."""
        self.inside.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.inside.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End every process at home; stopped first, so that none has time to speak for another."""
        self.freeze()
        self.inside.signal(signal.SIGKILL)


@attrs.define(eq=False)
class Internet:
    """The server's network, homes, and the router that leads from each to each."""

    server: Namespace
    router: Namespace
    homes: list[Home]
    _stack: ExitStack

    @classmethod
    @contextmanager
    def made(cls) -> Generator[Self, None, None]:
        """Raises CannotMake."""
        if missing := [tool for tool in ("unshare", "nsenter", "ip") if shutil.which(tool) is None]:
            raise CannotMake(f"These tests need {' and '.join(missing)}. Install the packages util-linux and iproute2.")
        with ExitStack() as stack:
            router = stack.enter_context(namespace())
            router.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
            server = stack.enter_context(namespace(router))
            _lay_cable(router, "server", server, 0)
            yield cls(server, router, [], stack)

    def home(self) -> Home:
        """Build another home."""
        home = Home(len(self.homes) + 1, self._stack.enter_context(namespace(self.router)), self.router)
        _lay_cable(self.router, home.cable, home.inside, home.number)
        self.homes.append(home)
        return home


def _lay_cable(router: Namespace, name: str, to: Namespace, number: int) -> None:
    router.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(to.holder.pid))
    for each in (number, number + ELSEWHERE):
        router.run("ip", "addr", "add", f"{PREFIX}.{each}.1/24", "dev", name)
    router.run("ip", "link", "set", name, "up")
    to.run("ip", "link", "set", "eth0", "up")
    _address(to, number)


def _address(place: Namespace, number: int) -> None:
    place.shell(f"ip addr add {PREFIX}.{number}.2/24 dev eth0; ip route replace default via {PREFIX}.{number}.1")
