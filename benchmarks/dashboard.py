"""Whether a real Prometheus reads what the server says, and the dashboard's panels and the alerts have data from it.

Run from the top of the repository: ``python -m benchmarks.dashboard [folder of prometheus and promtool]``; Debian's
package ``prometheus`` has both. A server with real workers, a webhook and some people who talk is asked once a second
for half a minute; then each expression of ``docs/grafana`` is. Ends with 1 if one of them has no data or is refused.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.network.relay import relaying
from tests.ports import free_port
from tests.processes import running_server
from tests.quality.member import joining

GRAFANA = Path(__file__).parent.parent / "docs" / "grafana"
NAMES = ("ada", "bob", "cleo", "dan")
#: Seconds: of the call, between two questions of Prometheus, and what Grafana would put for ``$__rate_interval`` then.
CALL, INTERVAL, RATE = 30.0, 1, "10s"


def main() -> int:
    """Look, and say what was found."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    prometheus, promtool = (_tool(folder, name) for name in ("prometheus", "promtool"))
    subprocess.run([promtool, "check", "rules", GRAFANA / "alerts.yml"], check=True)
    with tempfile.TemporaryDirectory() as name, _webhook() as hook:
        directory = Path(name)
        (directory / "token").write_text("token-of-the-benchmark\n")
        (directory / "secret").write_text(base64.b64encode(b"x" * 32).decode())
        media, operator = free_port(), free_port()
        options = [
            *("--media-port", str(media), "--media-address", "127.0.0.1", "--media-workers", "1", "--media-spare"),
            *("--operator-port", str(operator), "--operator-token-file", str(directory / "token")),
            *("--runtime-dir", name, "--data-dir", name),
            *("--webhook-url", hook, "--webhook-secret-file", str(directory / "secret")),
        ]
        with running_server(*options) as server, _scraping(prometheus, directory, operator) as url:
            asyncio.run(_talk(server.url, media))
            return _look(url)


async def _talk(url: str, media: int) -> None:
    async with relaying(NAMES, ("127.0.0.1", media)) as lines, joining(url, "blue", lines):
        guest = {"guest": lines["ada"]}
        async with joining(url, "red", guest):  # who comes and goes
            pass
        await asyncio.sleep(CALL)


def _look(url: str) -> int:
    """Ask for each expression over the time of the call."""
    dashboard = json.loads((GRAFANA / "chatroom.json").read_text(encoding="utf-8"))
    failed = seen = 0
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            words = target["expr"].replace("$__rate_interval", RATE).replace("$instance", ".*")
            now = time.time()
            found = _ask(url, "query_range", query=words, start=now - CALL, end=now, step=INTERVAL)["result"]
            values = [float(value) for series in found for _, value in series["values"]]
            number = sum(not math.isnan(value) for value in values)
            seen += 1
            most = f"{max(values):.6g} at the most" if number else ""
            failed += number == 0
            print(f"{panel['title']:32} {len(found):3} series {number:5} values  {most}  {words if not number else ''}")
    variable = dashboard["templating"]["list"][1]["query"]["query"]
    name = variable.removeprefix("label_values(").split(",")[0]
    failed += not _ask(url, "query", query=f"count by (instance) ({name})")["result"]
    for group in _ask(url, "rules")["groups"]:
        for rule in group["rules"]:
            print(f"{rule['name']:32} {rule['health']}, {rule['state']} {rule.get('lastError', '')}")
            failed += rule["health"] != "ok"
    print(f"{seen} expressions, {failed} without data or refused")
    return 1 if failed else 0


def _ask(url: str, what: str, **arguments: Any) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/v1/{what}?{urllib.parse.urlencode(arguments)}", timeout=10) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        return data


@contextmanager
def _scraping(prometheus: str, directory: Path, operator: int) -> Iterator[str]:
    """Run Prometheus, and say where it is."""
    shutil.copy(GRAFANA / "alerts.yml", directory)
    config = {
        "global": {"scrape_interval": f"{INTERVAL}s", "evaluation_interval": f"{INTERVAL}s"},
        "rule_files": ["alerts.yml"],
        "scrape_configs": [
            {
                "job_name": "chatroom",
                "authorization": {"credentials_file": str(directory / "token")},
                "static_configs": [{"targets": [f"127.0.0.1:{operator}"]}],
            }
        ],
    }
    (directory / "prometheus.yml").write_text(json.dumps(config))  # which YAML is, too
    address = f"127.0.0.1:{free_port()}"
    options = ["--config.file=prometheus.yml", f"--web.listen-address={address}", "--storage.tsdb.path=data"]
    with (directory / "prometheus.log").open("w") as log:
        process = subprocess.Popen([prometheus, *options], cwd=directory, stdout=log, stderr=log)
        try:
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _webhook() -> Iterator[str]:
    """Have an endpoint that takes everything."""

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            server.shutdown()


def _tool(folder: Path | None, name: str) -> str:
    found = shutil.which(name, path=None if folder is None else str(folder))
    if found is None:
        raise SystemExit(f"{name} is not there: say in which folder it is")
    return str(Path(found).resolve())


if __name__ == "__main__":
    sys.exit(main())
