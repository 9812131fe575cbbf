"""Compiles the kernel: ``python -m media.worker.kernel.build``. The package's own build does so through `hatch.py`.

cffi writes the C that joins `fanout.c` with Python, and the compiler that Python was built with makes a module of both.
A build needs cffi, a C compiler and Python's headers, and neither setuptools nor anything of the worker's, so this
module imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
#: What is compiled, with what says how.
HEADERS = ("fanout.h", "inlet.h")
CODE = ("fanout.c", "inlet.c")
SOURCES = (*HEADERS, *CODE, "build.py")
MODULE = "_kernel"
#: Seconds that the compiler has.
TIMEOUT = 120.0
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fPIC", "-shared")


class BuildError(Exception):
    """The kernel could not be built; the message says why."""


def fingerprint() -> str:
    """Return what tells these sources from any others. A module compiled from others is not used."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()[:16]


def module_path(folder: Path = FOLDER) -> Path:
    """Return where the module for this Python is, or comes to be."""
    return folder / (MODULE + (sysconfig.get_config_var("EXT_SUFFIX") or ".so"))


def build(folder: Path = FOLDER, *, flags: tuple[str, ...] = ()) -> Path:
    """Compile the module into ``folder`` and return its path. Raises BuildError.

    One that is being used is left as it is; who imports it next has the new one.
    """
    if sys.platform != "linux":
        raise BuildError("the kernel is for Linux only")
    command, headers = compiler()
    target = module_path(folder)
    try:
        with tempfile.TemporaryDirectory(prefix="kernel-") as scratch:
            source, built = Path(scratch, "kernel.c"), Path(scratch, target.name)
            _emit(source)
            places = (f"-I{FOLDER}", f"-I{headers}")
            subprocess.run(  # noqa: S603
                [*command, *_FLAGS, *flags, *places, str(source), "-o", str(built)],
                check=True,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
            # Not written over: that would pull the code away from under a process that runs it.
            waiting = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.copyfile(built, waiting)
            waiting.replace(target)
    except subprocess.CalledProcessError as error:
        raise BuildError(f"the compiler failed: {error.stderr.strip()}") from error
    except (OSError, subprocess.TimeoutExpired, ImportError) as error:
        raise BuildError(str(error)) from error
    return target


def compiler() -> tuple[list[str], Path]:
    """Return the command that compiles, and where Python's headers are. Raises BuildError without either."""
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        raise BuildError(f"Python's headers are not in {headers}")
    for wanted in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc", "gcc", "clang"):
        command = shlex.split(wanted or "")
        if command and shutil.which(command[0]):
            return command, headers
    raise BuildError("there is no C compiler")


def _emit(source: Path) -> None:
    from cffi import FFI

    ffi = FFI()
    declared = "\n".join((FOLDER / name).read_text() for name in HEADERS)
    ffi.cdef(declared + "\nstatic const char *const FINGERPRINT;\n")
    included = "".join(f'#include "{name}"\n' for name in CODE)
    ffi.set_source(
        f"media.worker.kernel.{MODULE}",
        f'{included}static const char *const FINGERPRINT = "{fingerprint()}";\n',
    )
    with contextlib.redirect_stdout(io.StringIO()):  # it says what it does
        ffi.emit_c_code(str(source))


def main() -> int:
    """Build where the sources are. Returns 1, having said why, if that fails."""
    try:
        print(f"built {build().name}")  # noqa: T201
    except BuildError as error:
        print(f"The kernel of the packet path was not built: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
