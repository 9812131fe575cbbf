"""Change what is read by what the code does with it: ``python -m tests.fuzz [TARGET...] [--seconds N]``.

Needs atheris, which the extra ``fuzz`` has. Each target runs in a process of its own; what makes one fail is kept in
``tests/output/fuzz``, and belongs into ``tests/fuzz/found`` once it is mended.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

OUTPUT = Path("tests/output/fuzz")


def main() -> None:
    """Run the targets, one after the other; exit with 1 if any of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each  [%(default)s]")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        _fuzz(options.targets[0], options.seconds)
        return
    from tests.fuzz.targets import BY_NAME

    if unknown := set(options.targets) - set(BY_NAME):
        sys.exit(f"There is no target {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}.")
    failed = []
    for name in options.targets or BY_NAME:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", "tests.fuzz", name, "--inside", "--seconds", str(options.seconds)]
        if subprocess.run(command, check=False).returncode != 0:
            failed.append(name)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}; see {OUTPUT}")


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["chatroom", "media", "aioice", "aiortc.sdp"]):
        from tests.fuzz.targets import BY_NAME
    target = BY_NAME[name]
    corpus = OUTPUT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, example in enumerate(target.examples):
        (corpus / f"example{number}").write_bytes(example)
    arguments = [f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1", "-verbosity=1"]
    atheris.Setup([name, *arguments, f"-artifact_prefix={OUTPUT}/{name}-", str(corpus)], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
