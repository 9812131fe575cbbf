from __future__ import annotations

from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media.worker.counters import Counters
from media.worker.ice import MAX_PATHS, STALE, Address, IceAgent, IceTransport, Path

HOME: Address = ("192.0.2.1", 5000)
AWAY: Address = ("198.51.100.1", 6000)


class Socket:
    is_stream = False

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []

    def send(self, data: bytes, address: Address) -> bool:
        self.sent.append((data, address))
        return True


class Bench:
    """An agent with one socket, and a record of what its transports are told."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.agent = IceAgent(self.counters)
        self.socket = Socket()
        self.data: list[bytes] = []
        self.checks: list[float] = []

    def transport(self) -> IceTransport:
        return self.agent.create(lambda data, _: self.data.append(data), self.checks.append)

    def receive(self, data: bytes, address: Address = HOME, now: float = 1.0) -> None:
        self.agent.receive(data, self.socket, address, now)


REMOTE = ("remote", "0123456789abcdef")


def answer(bench: Bench, to: Address = HOME) -> None:
    """Have the browser answer the last check of ours that went there, as it does if it is there."""
    data = next(data for data, address in reversed(bench.socket.sent) if address == to and data[:2] == b"\0\x01")
    request = stun.parse_message(data)
    assert request.check_message_integrity(REMOTE[1].encode())
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    response.add_message_integrity(REMOTE[1].encode())
    bench.receive(bytes(response), to)


def check(credentials: tuple[str, str], *, nominate: bool = False, password: str | None = None) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{credentials[0]}:remote"
    if nominate:
        request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity((password or credentials[1]).encode())
    return bytes(request)


def test_a_check_is_answered_and_opens_its_path() -> None:
    bench = Bench()
    transport = bench.transport()
    bench.receive(b"\x16dtls")
    assert bench.data == []
    bench.receive(check(transport.credentials[0]), now=7.0)
    (answer, address) = bench.socket.sent[0]
    response = stun.parse_message(answer)
    assert response.message_class == stun.Class.RESPONSE
    assert response.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert response.check_message_integrity(transport.credentials[0][1].encode())
    assert address == HOME
    assert bench.checks == [7.0]
    bench.receive(b"\x16dtls")
    bench.receive(b"\x80rtp")
    bench.receive(b"\x16dtls", AWAY)
    assert bench.data == [b"\x16dtls", b"\x80rtp"]
    assert (bench.counters.packets_received, bench.counters.packets_dropped) == (5, 2)
    asked = check(transport.credentials[0])
    assert bench.counters.octets_received == len(asked) + 3 * len(b"\x16dtls") + len(b"\x80rtp")
    transport.send(b"out")
    assert bench.socket.sent[-1] == (b"out", HOME)


def test_what_is_not_authenticated_leaves_no_trace() -> None:
    bench = Bench()
    transport = bench.transport()
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    unsigned.attributes["USERNAME"] = f"{transport.credentials[0][0]}:remote"
    for data in (
        check(transport.credentials[0], password="wrong"),
        check(("nobody", "wrong")),
        bytes(unsigned),
        check(transport.credentials[0])[:-1],
        b"",
        b"\x04",
    ):
        bench.receive(data)
    assert bench.socket.sent == []
    assert bench.checks == []
    assert bench.agent.size == (1, 0)
    assert bench.counters.packets_dropped == 6


def test_the_browser_chooses_the_path() -> None:
    bench = Bench()
    transport = bench.transport()
    credentials = transport.credentials[0]
    bench.receive(check(credentials), HOME)
    bench.receive(check(credentials), AWAY)
    transport.send(b"first")
    bench.receive(check(credentials, nominate=True), AWAY)
    transport.send(b"second")
    sent = dict(bench.socket.sent)
    assert sent[b"first"] == HOME
    assert sent[b"second"] == AWAY


def test_two_generations_of_credentials_are_good() -> None:
    bench = Bench()
    transport = bench.transport()
    first = transport.credentials[-1]
    bench.agent.restart(transport)
    second = transport.credentials[-1]
    bench.receive(check(first))
    bench.receive(check(second), AWAY)
    assert len(bench.checks) == 2
    bench.agent.restart(transport)
    bench.receive(check(first))
    assert len(bench.checks) == 2
    assert bench.agent.size == (2, 2)


def test_the_credentials_in_use_outlive_restarts_that_nobody_answers() -> None:
    bench = Bench()
    transport = bench.transport()
    in_use = transport.credentials[-1]
    bench.receive(check(in_use))
    for _ in range(10):
        bench.agent.restart(transport)
    bench.receive(check(in_use))
    bench.receive(check(transport.credentials[-1]))
    assert len(bench.checks) == 3
    assert bench.agent.size == (2, 1)
    bench.agent.restart(transport)
    bench.receive(check(in_use))
    assert len(bench.checks) == 3, "others are in use now"


def test_paths_are_bounded_and_the_one_in_use_stays() -> None:
    bench = Bench()
    transport = bench.transport()
    for port in range(1, 100):
        bench.receive(check(transport.credentials[0]), ("192.0.2.1", port))
    assert bench.agent.size == (1, MAX_PATHS)
    assert transport.selected is not None
    assert transport.selected.address == ("192.0.2.1", 1)


def test_a_port_that_is_used_again_belongs_to_the_newer_connection() -> None:
    bench = Bench()
    old, new = bench.transport(), bench.transport()
    bench.receive(check(old.credentials[0]))
    bench.agent.meet(new, REMOTE, 1.0)
    bench.receive(check(new.credentials[0]))
    assert (len(old.paths), len(new.paths)) == (1, 0), "anyone could have written that address"
    answer(bench)
    assert new.is_proven
    assert old.selected is None
    assert old.paths == []
    bench.agent.remove(old)
    bench.receive(b"\x16dtls")
    assert bench.data == [b"\x16dtls"]


def test_a_removed_transport_leaves_nothing_but_can_say_goodbye() -> None:
    bench = Bench()
    transport = bench.transport()
    bench.receive(check(transport.credentials[0]))
    bench.agent.restart(transport)
    bench.agent.remove(transport)
    assert bench.agent.size == (0, 0)
    bench.receive(b"\x16dtls")
    assert bench.data == []
    transport.send(b"goodbye")
    assert bench.socket.sent[-1] == (b"goodbye", HOME)


ATTRIBUTE = st.tuples(
    st.sampled_from([0x0001, 0x0006, 0x0008, 0x0009, 0x0012, 0x0020, 0x0024, 0x0025, 0x8028, 0x802A, 0x7777]),
    st.binary(max_size=24),
).map(lambda a: a[0].to_bytes(2) + len(a[1]).to_bytes(2) + a[1] + bytes(-len(a[1]) % 4))
STUN = st.tuples(st.sampled_from([b"\0\x01", b"\x01\x01", b"\0\x03"]), st.lists(ATTRIBUTE, max_size=5)).map(
    lambda m: m[0] + len(b"".join(m[1])).to_bytes(2) + b"\x21\x12\xa4\x42" + bytes(12) + b"".join(m[1])
)


@given(st.lists(st.binary(max_size=80) | STUN, max_size=10))
def test_any_bytes_are_survived(datagrams: list[bytes]) -> None:
    bench = Bench()
    bench.transport()
    for data in datagrams:
        bench.receive(data)
    assert bench.socket.sent == []
    assert bench.agent.size == (1, 0)


def test_a_path_that_is_closed_leaves_the_one_that_was_checked_last() -> None:
    bench = Bench()
    transport = bench.transport()
    credentials = transport.credentials[0]
    third: Address = ("203.0.113.1", 7000)
    bench.agent.meet(transport, REMOTE, 1.0)
    for now, address in ((2.0, HOME), (3.0, AWAY), (4.0, third)):
        bench.receive(check(credentials), address, now)
        answer(bench, address)
    bench.receive(check(credentials, nominate=True), third)
    bench.receive(check(credentials), HOME)
    bench.agent.forget(Path(bench.socket, third))
    transport.send(b"out")
    assert bench.socket.sent[-1] == (b"out", HOME)
    bench.agent.forget(Path(bench.socket, AWAY))
    bench.agent.forget(Path(bench.socket, AWAY))
    assert transport.selected == Path(bench.socket, HOME), "it was not the one in use"
    bench.receive(check(credentials), AWAY, 9.0)
    answer(bench, AWAY)
    assert transport.selected == Path(bench.socket, AWAY), "whatever is checked first now is"
    for address in (AWAY, HOME):
        bench.agent.forget(Path(bench.socket, address))
    count = len(bench.socket.sent)
    transport.send(b"lost")
    assert len(bench.socket.sent) == count
    assert bench.agent.size == (1, 0)
    bench.receive(check(credentials), AWAY)
    transport.send(b"again")
    assert bench.socket.sent[-1] == (b"again", AWAY)


def test_the_same_address_by_another_socket_is_another_path() -> None:
    bench, other = Bench(), Socket()
    transport = bench.transport()
    bench.receive(check(transport.credentials[0], nominate=True))
    assert not bench.agent.receive(b"\x80rtp", other, HOME, 1.0)
    assert bench.agent.receive(check(transport.credentials[0], nominate=True), other, HOME, 1.0)
    transport.send(b"out")
    assert other.sent[-1] == (b"out", HOME)


def test_a_path_that_is_not_nominated_takes_nothing_over_however_new_its_credentials() -> None:
    """The browser tries all ways after an ICE restart, and what still works goes on until it has chosen."""
    bench = Bench()
    transport = bench.transport()
    bench.receive(check(transport.credentials[0], nominate=True))
    bench.agent.restart(transport)
    bench.receive(check(transport.credentials[1]), AWAY)
    assert transport.selected == Path(bench.socket, HOME)
    bench.receive(check(transport.credentials[1], nominate=True), AWAY)
    assert transport.selected == Path(bench.socket, AWAY)


def test_a_path_that_is_checked_no_more_gives_way_to_one_that_is() -> None:
    """The first check in another network is not a nomination, and what is sent until then would be lost."""
    bench = Bench()
    transport = bench.transport()
    credentials = transport.credentials[0]
    bench.receive(check(credentials, nominate=True), now=1.0)
    bench.receive(check(credentials), now=3.0)
    bench.receive(check(credentials), AWAY, now=3.0 + STALE - 0.1)
    assert transport.selected == Path(bench.socket, HOME)
    bench.receive(check(credentials), AWAY, now=3.0 + STALE)
    assert transport.selected == Path(bench.socket, AWAY)
    bench.receive(check(credentials), HOME, now=3.0 + STALE + 0.1)
    assert transport.selected == Path(bench.socket, AWAY), "it is not stale"


def mutated(data: bytes, at: int, bits: int) -> bytes:
    at %= len(data) - 8  # what comes last is FINGERPRINT, which the message's integrity does not cover
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


@given(st.lists(st.tuples(st.integers(0), st.integers(1, 255), st.booleans(), st.integers(0, 3)), max_size=30))
def test_nothing_is_said_to_an_address_that_has_proved_nothing(changes: list[tuple[int, int, bool, int]]) -> None:
    """Not one octet, whatever comes from it: checks with one octet changed, garbage, media of others."""
    bench = Bench()
    transport = bench.transport()
    bench.receive(check(transport.credentials[0], nominate=True))
    bench.socket.sent.clear()
    for at, bits, nominate, port in changes:
        spoofed: Address = ("203.0.113.9", 9 + port)
        bench.receive(mutated(check(transport.credentials[0], nominate=nominate), at, bits), spoofed)
        bench.receive(bytes([bits]) * 40, spoofed)
        transport.send(b"media")
    assert {address for _, address in bench.socket.sent} <= {HOME}
    assert bench.data == []
    assert bench.agent.size == (1, 1)


def test_a_check_has_one_answer_which_is_no_longer_than_a_browsers_check() -> None:
    bench = Bench()
    transport = bench.transport()
    ufrag, password = transport.credentials[0]
    for address in (HOME, ("2001:db8::1", 5000, 0, 0)):
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        # what every agent's check has (RFC 8445, section 7.1): the shortest user name, and no nomination
        request.attributes["USERNAME"] = f"{ufrag}:abcd"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = 1
        request.add_message_integrity(password.encode())
        bench.socket.sent.clear()
        bench.receive(bytes(request), address)
        ((answer, to),) = bench.socket.sent
        assert to == address
        assert len(answer) <= len(bytes(request))


def test_paths_that_are_checked_in_turn_are_all_proven_however_long_answers_take() -> None:
    bench = Bench()
    transport = bench.transport()
    bench.agent.meet(transport, REMOTE, 1.0)
    for step in range(4):
        bench.receive(check(transport.credentials[0], nominate=step == 3), (HOME, AWAY)[step % 2], 1.0 + step / 20)
    assert not transport.is_proven
    for address in (HOME, AWAY):
        answer(bench, address)
    assert {path.address for path in transport.proven} == {HOME, AWAY}
    assert transport.selected == Path(bench.socket, AWAY), "the one that was nominated"


def test_what_comes_by_one_path_is_no_credit_for_another() -> None:
    bench = Bench()
    transport = bench.transport()
    bench.receive(check(transport.credentials[0]), HOME)
    bench.receive(check(transport.credentials[0], nominate=True), AWAY)
    before = transport.credit
    bench.receive(b"\x16" + bytes(1_000), HOME)
    assert transport.credit == before
    bench.receive(b"\x16" + bytes(1_000), AWAY)
    assert transport.credit == before + 3 * 1_001


def test_an_answer_without_the_password_proves_nothing() -> None:
    bench = Bench()
    transport = bench.transport()
    bench.agent.meet(transport, REMOTE, 1.0)
    bench.receive(check(transport.credentials[0]))
    request = stun.parse_message(next(data for data, _ in bench.socket.sent if data[:2] == b"\0\x01"))
    for password in (b"guessed", None):
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        if password is not None:
            response.add_message_integrity(password)
        bench.receive(bytes(response))
        assert not transport.is_proven
    answer(bench)
    assert transport.is_proven


def test_media_stop_where_the_only_proven_path_is_gone() -> None:
    bench = Bench()
    transport = bench.transport()
    told: list[Path | None] = []
    transport.on_selected = told.append
    bench.agent.meet(transport, REMOTE, 1.0)
    bench.receive(check(transport.credentials[0]), HOME)
    answer(bench, HOME)
    bench.receive(check(transport.credentials[0]), AWAY)
    bench.agent.forget(Path(bench.socket, HOME))
    assert transport.selected == Path(bench.socket, AWAY)
    assert told == [Path(bench.socket, HOME), None]
