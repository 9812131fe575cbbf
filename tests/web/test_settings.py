from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.ice_servers import IceServers
from media.bridge import split_address, usable_cores
from media.worker.addresses import Announcement
from web.node import media_settings
from web.settings import BadSettings, Settings, ice_servers, load, split_announced, webhooks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chatroom.toml"


def test_there_are_defaults() -> None:
    assert load() == Settings()


def test_the_command_line_goes_before_the_environment_before_the_file(file: Path) -> None:
    file.write_text('port = 1\nhost = "a"\nmedia_port = 3\nlog_level = "debug"\n')
    settings = load(file, {"CHATROOM_PORT": "2", "CHATROOM_HOST": "b"}, {"port": 4})
    assert (settings.port, settings.host, settings.media_port, settings.log_level) == (4, "b", 3, "debug")


def test_the_environment_may_name_the_file(file: Path) -> None:
    file.write_text("port = 1\n[limits]\nrooms = 7\njoin_timeout = 3\n")
    settings = load(environ={"CHATROOM_CONFIG": str(file)})
    assert (settings.port, settings.limits.rooms, settings.limits.join_timeout) == (1, 7, 3.0)


def test_each_kind_of_setting_is_read_from_the_environment() -> None:
    settings = load(
        environ={
            "CHATROOM_PORT": "80",
            "CHATROOM_CERTFILE": "a.pem",
            "CHATROOM_KEYFILE": "b.pem",
            "CHATROOM_ANNOUNCE": "192.0.2.1:7, 192.0.2.2",
            "CHATROOM_ALLOW_ORIGIN": "https://chat.example.org",
            "CHATROOM_LOG_FORMAT": "json",
        }
    )
    assert (settings.port, settings.certfile, settings.keyfile) == (80, Path("a.pem"), Path("b.pem"))
    assert settings.announce == ("192.0.2.1:7", "192.0.2.2")
    assert settings.allow_origin == ("https://chat.example.org",)
    assert settings.log_format == "json"


def test_an_empty_variable_is_one_that_is_not_set(file: Path) -> None:
    """As a compose file has it, whose own variables are not set."""
    file.write_text('port = 1\nannounce = ["192.0.2.1"]')
    environ = {f"CHATROOM_{name}": "" for name in ("HOST", "PORT", "CERTFILE", "KEYFILE", "ANNOUNCE", "LOG_LEVEL")}
    assert load(file, environ) == Settings(port=1, announce=("192.0.2.1",))


def test_variables_of_others_are_ignored() -> None:
    assert load(environ={"CHATROOM_SERVICE_HOST": "10.0.0.1", "CHATROOM_LIMITS": "x"}) == Settings()


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("prot = 1", "there is no setting 'prot'"),
        ("[limits]\nromos = 1", "there is no setting 'limits.romos'"),
        ("[media]\nport = 1", "there is no setting 'media'"),
        ('port = "80"', "port: a whole number expected, not '80'"),
        ("port = 80.5", "port: a whole number expected, not 80.5"),
        ("port = true", "port: a whole number expected, not True"),
        ("port = 70000", "'port' must be <= 65535: 70000"),
        ("port = -1", "'port' must be >= 0: -1"),
        ("media_port = 70000", "'media_port' must be <= 65535: 70000"),
        ("loudest = -1", "'loudest' must be >= 0: -1"),
        ('video_codecs = ["vp8", "vp7"]', "'video_codecs' takes vp8, vp9, h264, av1, not 'vp7'"),
        ('video_codecs = ["vp8", "vp8"]', "'video_codecs' names each codec once"),
        ("video_codecs = []", "'video_codecs' names each codec once, and one at least"),
        ('video_codecs = "vp8"', "video_codecs: a list of texts expected, not 'vp8'"),
        ("host = 1", "host: text expected, not 1"),
        ('host = ""', "'host' takes an address, not ''"),
        ("certfile = 1", "certfile"),
        ('certfile = "a.pem"', "certfile and keyfile go together"),
        ('keyfile = "a.pem"', "certfile and keyfile go together"),
        ('media_address = "192.0.2.1"', "media_address: a list of texts expected, not '192.0.2.1'"),
        ("media_address = [1]", "media_address: a list of texts expected"),
        ('media_address = ["example.org"]', "'media_address' takes IP addresses, not 'example.org'"),
        ('announce = ["192.0.2.1:99999"]', "'announce' takes ADDRESS or ADDRESS:PORT with an IP address"),
        ('announce = ["example.org:1"]', "'announce' takes ADDRESS or ADDRESS:PORT with an IP address"),
        ('allow_origin = ["chat.example.org"]', "'allow_origin' takes origins such as 'https://chat.example.org'"),
        ('allow_origin = ["https://chat.example.org/r/a"]', "'allow_origin' takes origins"),
        ('ice_servers = ["turn.example.org"]', "'ice_servers' takes URLs such as 'stun:stun.example.org' and"),
        (
            'ice_servers = ["turn:turn.example.org"]',
            "ice_servers has a TURN server, for which turn_secret_file is needed.",
        ),
        ('turn_secret_file = "x"', "turn_secret_file is given, and there is no TURN server in ice_servers."),
        ("turn_ttl = 59", "'turn_ttl' must be >= 60: 59"),
        ("turn_ttl = inf", "'turn_ttl' must be <= 2592000: inf"),
        ("media_workers = 0", "'media_workers' must be >= 1: 0"),
        ("media_workers = 65", "'media_workers' must be <= 64: 65"),
        ("media_spare = 1", "media_spare: true or false expected, not 1"),
        ("media_port = 65535\nmedia_workers = 1", "media_workers are too many"),
        ('announce = ["192.0.2.1:65530"]\nmedia_workers = 6', "media_workers are too many"),
        ('media_remote = ["media.example"]', "'media_remote' takes HOST:PORT, not 'media.example'"),
        ('media_remote = ["a:1", "a:1"]', "'media_remote' names a worker twice"),
        ('media_remote = ["a:1"]', "media_remote needs media_secret_file"),
        ('webhook_url = ["example.org/hook"]', "'webhook_url' takes URLs such as 'https://example.org/hook', not"),
        ('webhook_url = ["ftp://example.org"]', "'webhook_url' takes URLs such as"),
        ('webhook_url = ["https://a.example", "https://a.example"]', "'webhook_url' names an endpoint twice"),
        ('webhook_events = ["joined"]', "'webhook_events' takes server_started, room_started, room_ended, "),
        ('log_level = "loud"', "log_level: debug or info or warning or error expected, not 'loud'"),
        ("log_level = 3", "log_level: debug or info or warning or error expected, not 3"),
        ('log_format = "xml"', "log_format: auto or text or json expected, not 'xml'"),
        ("limits = 3", "limits: a table expected, not 3"),
        ("[limits]\nrooms = 0", "limits: 'rooms' must be > 0: 0"),
        ("[limits]\nrooms = 1.5", "limits.rooms: a whole number expected, not 1.5"),
        ('[limits]\nleft_after = "long"', "limits.left_after: a number expected, not 'long'"),
        ("[limits]\nleft_after = nan", "limits: 'left_after' must be > 0: nan"),
        ("port = ", "is not TOML: Invalid value (at end of document)"),
        ("port = 1\nport = 2", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line(file: Path, toml: str, words: str) -> None:
    file.write_text(toml)
    with pytest.raises(BadSettings) as bad:
        load(file)
    message = str(bad.value)
    assert words in message
    assert "\n" not in message
    of_several = ("go together", "_servers", "needs media_secret_file", "media_workers are too many")
    assert str(file) in message or any(words in message for words in of_several)


def test_everything_that_is_wrong_is_said_at_once(file: Path) -> None:
    file.write_text('port = "x"\nprot = 1\n[limits]\nrooms = "y"\n')
    with pytest.raises(BadSettings) as bad:
        load(file)
    assert all(word in str(bad.value) for word in ("port: a whole number", "'prot'", "limits.rooms: a whole number"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"missing\.toml cannot be read: No such file or directory\."):
        load(tmp_path / "missing.toml")
    with pytest.raises(BadSettings, match=r"cannot be read: Is a directory\."):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'host = "\xff"')
    with pytest.raises(BadSettings, match=r"latin\.toml is not UTF-8 text\."):
        load(tmp_path / "latin.toml")


def test_the_secret_of_the_turn_servers_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "turn.secret"
    environ = {
        "CHATROOM_ICE_SERVERS": "stun:stun.example.org,turns:turn.example.org",
        "CHATROOM_TURN_SECRET_FILE": str(file),
        "CHATROOM_TURN_TTL": "3600",
    }
    with pytest.raises(
        BadSettings, match=r"turn_secret_file .*/turn\.secret cannot be read: No such file or directory\."
    ):
        load(environ=environ)
    for text in ("", " \n", "one\ntwo\n"):
        file.write_text(text)
        with pytest.raises(BadSettings, match="is to hold the secret, in one line, and nothing else") as bad:
            load(environ=environ)
        assert "two" not in str(bad.value)
    file.write_text(" s3cret\n")
    settings = load(environ=environ)
    servers = ice_servers(settings)
    assert servers == IceServers(("stun:stun.example.org", "turns:turn.example.org"), b"s3cret", 3_600.0)
    assert "s3cret" not in repr((settings, servers, servers.for_participant("p", 0.0)))


def test_webhooks_need_a_secret_that_is_one(tmp_path: Path) -> None:
    file = tmp_path / "webhook.secret"
    options = {"webhook_url": ["https://a.example/hook"], "data_dir": str(tmp_path)}
    with pytest.raises(BadSettings, match="webhook_url needs webhook_secret_file: what is sent is signed"):
        load(options=options)
    options["webhook_secret_file"] = str(file)
    with pytest.raises(BadSettings, match=r"webhook_secret_file .* cannot be read: No such file or directory\."):
        load(options=options)
    for content in (b"", b"guess me", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(BadSettings, match=r"webhook_secret_file .* cannot be used: ") as bad:
            load(options=options)
        assert "guess me" not in str(bad.value)
    file.write_text("whsec_" + "eHh4" * 8 + "\n")
    chosen = webhooks(load(options=options))
    assert chosen is not None
    assert (chosen.urls, chosen.secrets, chosen.directory) == (("https://a.example/hook",), (b"x" * 24,), tmp_path)
    assert "xxx" not in repr(chosen)


def test_what_is_wrong_in_the_environment_is_said_with_the_variables_name() -> None:
    with pytest.raises(BadSettings, match=r"CHATROOM_PORT is to be a whole number, not 'tcp://10\.0\.0\.1:80'"):
        load(environ={"CHATROOM_PORT": "tcp://10.0.0.1:80"})
    with pytest.raises(BadSettings, match="In the environment: 'port' must be <= 65535"):
        load(environ={"CHATROOM_PORT": "70000"})


def test_what_is_wrong_on_the_command_line_is_said_to_be_there() -> None:
    with pytest.raises(BadSettings, match="In the command line: 'port' must be <= 65535"):
        load(options={"port": 70_000})


def test_there_is_a_worker_for_each_core_and_a_spare_unless_said_otherwise(file: Path) -> None:
    assert load().media_workers == usable_cores() >= 1
    assert load().media_spare
    file.write_text('media_workers = 3\nmedia_spare = false\nmedia_remote = ["a:1"]\nmedia_secret_file = "s"\n')
    settings = media_settings(load(file))
    assert (settings.workers, settings.spare, settings.local) == (3, False, 3)
    assert (settings.remotes, settings.secret_file) == (("a:1",), Path("s"))
    assert load(file, {"CHATROOM_MEDIA_SPARE": "yes"}).media_spare
    assert not load(environ={"CHATROOM_MEDIA_SPARE": "off"}).media_spare
    with pytest.raises(BadSettings, match="CHATROOM_MEDIA_SPARE is to be true or false, not 'maybe'"):
        load(environ={"CHATROOM_MEDIA_SPARE": "maybe"})
    assert not load(file, {"CHATROOM_MEDIA_SPARE": "yes"}, {"media_spare": False}).media_spare


@pytest.mark.parametrize(
    ("text", "split"),
    [("a:1", ("a", 1)), ("media.example.org:9443", ("media.example.org", 9443)), ("[::1]:65535", ("::1", 65_535))],
)
def test_the_address_of_a_worker_is_split(text: str, split: tuple[str, int]) -> None:
    assert split_address(text) == split


@pytest.mark.parametrize(
    "text",
    ["", ":", "a", "a:", ":1", "a:0", "a:65536", "a:+1", "a:1_0", "a:٣", "::1:1", "a b:1", "u@a:1", "[]:1", "a/b:1"],
)
def test_what_is_no_address_of_a_worker_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        split_address(text)


@pytest.mark.parametrize(
    ("quota", "most"),
    [("100000 100000", 1), ("150000 100000", 2), ("1000 100000", 1), ("max 100000", 10_000), ("", 10_000)],
)
def test_a_container_has_no_more_cores_than_its_share_is_worth(tmp_path: Path, quota: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path / "cpu.max") == min(most, usable_cores(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:7", ("192.0.2.1", 7)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("[2001:db8::1]:7", ("2001:db8::1", 7)),
    ],
)
def test_an_announced_address_is_split(text: str, split: tuple[str, int | None]) -> None:
    assert split_announced(text) == split


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:+7", "192.0.2.1:1_0", "192.0.2.1:٣"),
        *("[2001:db8::1", "[2001:db8::1]7", "[2001:db8::1]:", "[]", "[]:7", "example.org:7", "192.0.2.1:7:7", " ::1"),
    ],
)
def test_what_is_no_announced_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        split_announced(text)


@given(st.ip_addresses(), st.none() | st.integers(1, 65_535))
def test_every_address_and_port_comes_back(address: object, port: int | None) -> None:
    text = f"[{address}]" if ":" in str(address) and port is not None else str(address)
    assert split_announced(text if port is None else f"{text}:{port}") == (str(address), port)


@given(st.text() | st.text(alphabet=string.hexdigits + ".:[]%", max_size=24))
def test_what_is_taken_is_what_the_media_worker_takes(text: str) -> None:
    try:
        host, port = split_announced(text)
    except ValueError:
        return
    announcement = Announcement.parse(text)
    assert announcement.port == port
    assert host
