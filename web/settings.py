"""How a server is set up: from a file, from the environment, from the command line, the later before the earlier.

Every setting has one name: ``media_port`` in the file, ``CHATROOM_MEDIA_PORT`` in the environment (lists by commas),
``--media-port`` on the command line. The bounds of `chatroom.limits.Limits` are in the file's table ``[limits]``.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import cattrs
from cattrs.errors import ForbiddenExtraKeysError

from chatroom.ice_servers import DEFAULT_TTL, IceServers, check_url, is_turn
from chatroom.limits import Limits
from media.bridge import split_address, usable_cores
from media.terms import VIDEO_CODECS
from nurseries.watchdog import LIMIT
from web import otel
from web.addresses import networks
from web.data_dir import data_dir
from web.origin import Origin
from web.webhooks import TYPES as EVENT_TYPES
from web.webhooks import WebhookSettings
from web.webhooks.settings import check_url as check_endpoint
from web.webhooks.signature import read_secrets

ENVIRONMENT = "CHATROOM_"
_seconds: Any = attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le(86_400))
# Less would not last until a page has asked for a relay.
_ttl: Any = attrs.validators.and_(attrs.validators.ge(60), attrs.validators.le(30 * 86_400))
_step: Any = attrs.validators.and_(attrs.validators.ge(0.01), attrs.validators.le(60))
_count: Any = attrs.validators.ge(0)
_PORT: Any = attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le(65_535))
_WORKERS: Any = attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(64))

_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class BadSettings(Exception):
    """A setting that cannot be used; the message says which, where it came from, and what is wrong with it."""


def _addresses(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for address in value:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f"'{attribute.name}' takes IP addresses, not {address!r}") from None


def _networks(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for network in value:
        try:
            networks([network])
        except ValueError:
            raise ValueError(f"'{attribute.name}' takes IP addresses and networks, not {network!r}") from None


def _given(_: object, attribute: attrs.Attribute[Any], value: str) -> None:
    if not value.strip():
        raise ValueError(f"'{attribute.name}' takes an address, not {value!r}")


def _origins(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for origin in value:
        try:
            Origin.parse(origin)
        except ValueError:
            message = f"'{attribute.name}' takes origins such as 'https://chat.example.org', not {origin!r}"
            raise ValueError(message) from None


def _workers(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for worker in value:
        try:
            split_address(worker)
        except ValueError:
            raise ValueError(f"'{attribute.name}' takes HOST:PORT, not {worker!r}") from None
    if len(set(value)) < len(value):
        raise ValueError(f"'{attribute.name}' names a worker twice")


def _codecs(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for codec in value:
        if codec not in VIDEO_CODECS:
            raise ValueError(f"'{attribute.name}' takes {', '.join(VIDEO_CODECS)}, not {codec!r}")
    if not value or len(set(value)) < len(value):
        raise ValueError(f"'{attribute.name}' names each codec once, and one at least")


def _announced(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for announced in value:
        try:
            split_announced(announced)
        except ValueError:
            message = f"'{attribute.name}' takes ADDRESS or ADDRESS:PORT with an IP address, not {announced!r}"
            raise ValueError(message) from None


def _servers(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for server in value:
        try:
            check_url(server)
        except ValueError:
            message = (
                f"'{attribute.name}' takes URLs such as 'stun:stun.example.org' and "
                f"'turn:turn.example.org:3478?transport=tcp', not {server!r}"
            )
            raise ValueError(message) from None


def _endpoints(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for url in value:
        try:
            check_endpoint(url)
        except ValueError:
            message = f"'{attribute.name}' takes URLs such as 'https://example.org/hook', not {url!r}"
            raise ValueError(message) from None
    if len(set(value)) < len(value):
        raise ValueError(f"'{attribute.name}' names an endpoint twice")


def _collector(_: object, attribute: attrs.Attribute[Any], value: str) -> None:
    try:
        check_endpoint(value)
    except ValueError:
        message = f"'{attribute.name}' takes a URL such as 'http://127.0.0.1:4318', not {value!r}"
        raise ValueError(message) from None


def _event_types(_: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    for name in value:
        if name not in EVENT_TYPES:
            raise ValueError(f"'{attribute.name}' takes {', '.join(EVENT_TYPES)}, not {name!r}")


def split_announced(text: str) -> tuple[str, int | None]:
    """Split ``ADDRESS[:PORT]``; an IPv6 address with a port stands in brackets. Raises ValueError."""
    host, separator, port = text, "", ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        empty, separator, port = rest.partition(":")
        if not bracket or empty:
            raise ValueError(text)
    elif text.count(":") == 1:
        host, separator, port = text.partition(":")
    ipaddress.ip_address(host)
    if not separator:
        return host, None
    # int() would take much that is no port: "+1", "1_0", digits of other scripts.
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65_535):
        raise ValueError(text)
    return host, int(port)


@attrs.frozen(kw_only=True)
class Settings:
    """A server's settings, with the defaults of ``chatroom serve``."""

    host: str = attrs.field(default="127.0.0.1", validator=_given)
    port: int = attrs.field(default=8000, validator=_PORT)
    certfile: Path | None = None
    keyfile: Path | None = None
    media_port: int = attrs.field(default=10_000, validator=_PORT)
    media_address: tuple[str, ...] = attrs.field(default=(), validator=_addresses)
    announce: tuple[str, ...] = attrs.field(default=(), validator=_announced)
    ice_servers: tuple[str, ...] = attrs.field(default=(), validator=_servers)
    turn_secret_file: Path | None = None
    turn_ttl: float = attrs.field(default=DEFAULT_TTL, validator=_ttl)  # seconds for which a TURN credential is good
    media_workers: int = attrs.field(factory=usable_cores, validator=_WORKERS)
    media_spare: bool = True
    media_remote: tuple[str, ...] = attrs.field(default=(), validator=_workers)
    media_secret_file: Path | None = None
    media_ca_file: Path | None = None
    loudest: int = attrs.field(default=6, validator=_count)  # microphones of a room that are forwarded; 0: all
    #: What pictures may be sent in, the first that everyone in a room can decode.
    video_codecs: tuple[str, ...] = attrs.field(default=VIDEO_CODECS, validator=_codecs)
    audio_red: bool = True  # whether voices are sent with redundancy, by pages that can
    allow_origin: tuple[str, ...] = attrs.field(default=(), validator=_origins)
    trusted_proxy: tuple[str, ...] = attrs.field(default=("127.0.0.0/8", "::1"), validator=_networks)
    drain_wait: float = attrs.field(default=0.0, validator=_seconds)  # that people have to leave by themselves
    back_in: float = attrs.field(default=1.0, validator=_seconds)  # after which they are told to come back
    operator_host: str = attrs.field(default="127.0.0.1", validator=_given)
    operator_port: int | None = attrs.field(default=None, validator=attrs.validators.optional(_PORT))  # None: not there
    operator_token_file: Path | None = None
    console: bool = False
    runtime_dir: Path | None = None
    slow_step: float = attrs.field(default=LIMIT, validator=_step)  # seconds that one task may hold all others up
    webhook_url: tuple[str, ...] = attrs.field(default=(), validator=_endpoints)
    webhook_secret_file: Path | None = None
    webhook_events: tuple[str, ...] = attrs.field(default=(), validator=_event_types)  # none: all
    data_dir: Path | None = None
    otlp_endpoint: str | None = attrs.field(default=None, validator=attrs.validators.optional(_collector))
    allow_simulate: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json"] = "auto"
    limits: Limits = attrs.field(factory=Limits)


def load(
    file: Path | None = None, environ: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> Settings:
    """Put the settings together. ``options`` are those given on the command line. Raises BadSettings."""
    environ = environ or {}
    if file is None and (named := environ.get(f"{ENVIRONMENT}CONFIG")):
        file = Path(named)
    from_file = {} if file is None else _read(file)
    settings = _structure(from_file, str(file))
    hints = get_type_hints(Settings)
    from_environment: dict[str, Any] = {}
    for field in attrs.fields(Settings):
        text = environ.get(ENVIRONMENT + field.name.upper())
        if not text or field.name == "limits":  # empty is how a compose file says that it is not set
            continue
        from_environment[field.name] = _from_text(text, hints[field.name], field.name)
    merged = {**from_file, **from_environment}
    if from_environment:
        settings = _structure(merged, "the environment")
    if options:
        settings = _structure({**merged, **options}, "the command line")
    if (settings.certfile is None) != (settings.keyfile is None):
        raise BadSettings("certfile and keyfile go together: give both, or neither.")
    webhooks(settings)
    if settings.otlp_endpoint is not None and not otel.is_installed():
        raise BadSettings("otlp_endpoint needs what comes with `pip install 'chatroom[otel]'`.")
    ice_servers(settings)  # or it would be said only where nobody can be told any more
    if settings.media_remote and settings.media_secret_file is None:
        raise BadSettings("media_remote needs media_secret_file: a worker on another machine lets nobody else in.")
    ports = [settings.media_port, *(port or 0 for _, port in map(split_announced, settings.announce))]
    if max(ports) + settings.media_workers + settings.media_spare - 1 > 65_535:
        raise BadSettings("media_workers are too many: each has a port, from media_port (and announce) up to 65535.")
    return settings


def ice_servers(settings: Settings) -> IceServers:
    """Put together what pages are told of STUN and TURN servers, with the secret from its file. Raises BadSettings."""
    has_turn = any(map(is_turn, settings.ice_servers))
    file = settings.turn_secret_file
    if has_turn != (file is not None):
        raise BadSettings(
            "ice_servers has a TURN server, for which turn_secret_file is needed."
            if has_turn
            else "turn_secret_file is given, and there is no TURN server in ice_servers."
        )
    secret = b"" if file is None else _read_secret(file)
    return IceServers(settings.ice_servers, secret, settings.turn_ttl)


def webhooks(settings: Settings) -> WebhookSettings | None:
    """Put together where events are told, with the secrets from their file; None if nowhere. Raises BadSettings."""
    if not settings.webhook_url:
        return None
    file = settings.webhook_secret_file
    if file is None:
        raise BadSettings("webhook_url needs webhook_secret_file: what is sent is signed.")
    try:
        secrets = read_secrets(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"webhook_secret_file {file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        reason = "it is not text" if isinstance(error, UnicodeDecodeError) else error
        raise BadSettings(f"webhook_secret_file {file} cannot be used: {reason}.") from None
    directory = data_dir(settings.data_dir, os.environ)
    return WebhookSettings(
        urls=settings.webhook_url, secrets=secrets, directory=directory, events=settings.webhook_events
    )


def _read_secret(file: Path) -> bytes:
    try:
        secret = file.read_bytes().strip()
    except OSError as error:
        raise BadSettings(f"turn_secret_file {file} cannot be read: {error.strerror}.") from None
    if not secret or b"\n" in secret:
        raise BadSettings(f"turn_secret_file {file} is to hold the secret, in one line, and nothing else.")
    return secret


def _from_text(text: str, hint: Any, name: str) -> Any:
    if hint in (int, int | None):
        try:
            return int(text)
        except ValueError:
            raise BadSettings(f"{ENVIRONMENT}{name.upper()} is to be a whole number, not {text!r}.") from None
    if hint is float:
        try:
            return float(text)
        except ValueError:
            raise BadSettings(f"{ENVIRONMENT}{name.upper()} is to be a number, not {text!r}.") from None
    if hint is bool:
        if (word := text.lower()) not in _SWITCH:
            raise BadSettings(f"{ENVIRONMENT}{name.upper()} is to be true or false, not {text!r}.")
        return _SWITCH[word]
    if hint == tuple[str, ...]:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadSettings(f"{file} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{file} is not TOML: {error}.") from None


def _exactly(kinds: tuple[type, ...], words: str) -> Any:
    def structure(value: Any, target: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"{words} expected, not {value!r}")
        return target(value)

    return structure


def _texts(value: Any, _: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        raise TypeError(f"a list of texts expected, not {value!r}")
    return tuple(value)


def _is_literal(hint: Any) -> bool:
    origin: Any = get_origin(hint)
    return origin is Literal


def _one_of(value: Any, hint: Any) -> Any:
    if value not in get_args(hint):
        raise ValueError(f"{' or '.join(get_args(hint))} expected, not {value!r}")
    return value


def _limits(value: Any, _: object) -> Limits:
    if not isinstance(value, dict):
        raise TypeError(f"a table expected, not {value!r}")
    return _limits_converter.structure(value, Limits)


_converter = cattrs.Converter(forbid_extra_keys=True)
_limits_converter = cattrs.Converter(forbid_extra_keys=True)
for _each in (_converter, _limits_converter):
    _each.register_structure_hook(str, _exactly((str,), "text"))
    _each.register_structure_hook(int, _exactly((int,), "a whole number"))
    _each.register_structure_hook(bool, _exactly((bool,), "true or false"))
    _each.register_structure_hook(float, _exactly((int, float), "a number"))
_converter.register_structure_hook_func(lambda hint: hint == tuple[str, ...], _texts)
_converter.register_structure_hook(Limits, _limits)
_converter.register_structure_hook_func(_is_literal, _one_of)
_converter.register_structure_hook(Path, lambda value, _: Path(_exactly((str,), "a path")(value, str)))


def _structure(data: Mapping[str, Any], source: str) -> Settings:
    try:
        return _converter.structure(data, Settings)
    except Exception as error:  # noqa: BLE001 - cattrs wraps every error of a validator in its own; each is told here
        raise BadSettings(f"In {source}: " + "; ".join(_explain(error)) + ".") from None


def _explain(error: BaseException, path: str = "") -> list[str]:
    """Say each thing that is wrong, with the setting's name before it."""
    if isinstance(error, ForbiddenExtraKeysError):
        return [f"there is no setting {path + name!r}" for name in sorted(error.extra_fields)]
    if isinstance(error, cattrs.ClassValidationError):
        named, unnamed = error.group_exceptions()
        words = [word for inner, note in named for word in _explain(inner, f"{path}{note.name}.")]
        return words + [word for inner in unnamed for word in _explain(inner, path)]
    message = str(error.args[0]) if error.args else repr(error)
    return [f"{path.rstrip('.')}: {message}" if path else message]
