"""The command line: what it helps with, and how it says that it cannot serve."""

from __future__ import annotations

import re
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

import attrs
import click
import pytest
from click.testing import CliRunner, Result

from tests.processes import ONE_WORKER, SERVE, environment, running_server
from web.cli import main
from web.settings import Settings


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="chatroom")


def test_help_names_every_option_and_says_what_it_does() -> None:
    result = invoke("serve", "--help")
    assert result.exit_code == 0
    settings = {field.name for field in attrs.fields(Settings)} - {"limits"}
    assert all(f"--{name.replace('_', '-')} " in result.output for name in settings | {"config"})
    command = main.commands["serve"]
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert "SIGTERM" in result.output
    assert "serve" in invoke("-h").output


def test_there_is_a_version() -> None:
    assert invoke("--version").output.strip().endswith(version("chatroom"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "Error: In the command line: 'port' must be <= 65535: 70000."),
        (["--media-port", "-1"], "Error: In the command line: 'media_port' must be >= 0: -1."),
        (["--media-address", "example.org"], "'media_address' takes IP addresses, not 'example.org'"),
        (["--announce", "here"], "'announce' takes ADDRESS or ADDRESS:PORT with an IP address, not 'here'"),
        (["--allow-origin", "here"], "'allow_origin' takes origins such as 'https://chat.example.org', not 'here'"),
        (["--certfile", "a.pem"], "Error: certfile and keyfile go together: give both, or neither."),
        (["--ice-servers", "https://turn.example.org"], "not 'https://turn.example.org'"),
        (
            ["--ice-servers", "turn:turn.example.org"],
            "Error: ice_servers has a TURN server, for which turn_secret_file",
        ),
        (["--turn-ttl", "0"], "Error: In the command line: 'turn_ttl' must be >= 60: 0.0."),
        (["--config", "missing.toml"], "Error: missing.toml cannot be read: No such file or directory."),
    ],
)
def test_settings_that_cannot_be_used_are_an_error_in_one_line(arguments: list[str], words: str) -> None:
    result = invoke("serve", *arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--log-level", "loud"], ["--prot", "1"]])
def test_wrong_usage_is_explained(arguments: list[str]) -> None:
    result = invoke("serve", *arguments)
    assert result.exit_code == 2
    assert "Usage: chatroom serve" in result.output


def serve(*arguments: str) -> tuple[int, str]:
    """Run a server that is to fail, and return its exit code and what it said."""
    done = subprocess.run(
        [*SERVE, *arguments], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def errors(output: str) -> list[str]:
    """The lines that are not the log's."""
    return [line for line in output.splitlines() if not re.match(r"\d{4}-\d\d-\d\d", line)]


def fails(words: str, *arguments: str) -> None:
    code, output = serve(*arguments)
    assert code == 1, output
    (line,) = errors(output)
    assert line.startswith("Error: ")
    assert words in line


@pytest.mark.process
def test_a_port_in_use_is_an_error_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        fails(f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another", "--port", port)


@pytest.mark.process
def test_a_media_port_in_use_is_an_error_in_one_line() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as used:
        used.bind(("127.0.0.1", 0))
        port = str(used.getsockname()[1])
        # One worker: others would want the next ports, which may be somebody else's.
        fails(port, "--port", "0", "--media-port", port, "--media-address", "127.0.0.1", *ONE_WORKER)


@pytest.mark.process
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "Cannot listen on 192.0.2.1 port 0: Cannot assign requested address."),
        ("no host", "no host is no address of this machine"),
        ("x" * 64, "is no address of this machine"),
    ],
)
def test_a_host_that_is_not_ours_is_an_error_in_one_line(host: str, words: str) -> None:
    fails(words, "--host", host, "--port", "0", "--media-port", "0")


@pytest.mark.process
def test_tls_files_that_cannot_be_used_are_an_error_in_one_line(tmp_path: Path) -> None:
    missing, nonsense = tmp_path / "missing.pem", tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    ports = ("--port", "0", "--media-port", "0")
    fails(
        f"{missing} cannot be read: No such file or directory.",
        *("--certfile", str(missing), "--keyfile", str(nonsense), *ports),
    )
    fails("are no PEM certificate", "--certfile", str(nonsense), "--keyfile", str(nonsense), *ports)


@pytest.mark.process
def test_a_server_says_where_it_is() -> None:
    with running_server("--media-address", "127.0.0.1", "--log-level", "info") as server:
        server.wait_for(rf"Chatroom: http://localhost:{server.port}  \(Ctrl-C to stop\)")
        assert server.stop() == 0
        assert "Traceback" not in server.output()
