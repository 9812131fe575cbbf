"""Compiles the kernel when the package is built or installed, if that can be done; hatchling runs this."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelHook(BuildHookInterface[Any]):
    """Puts the module into a wheel; for an editable install, beside its sources."""

    _scratch: str | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile. What fails is said and costs speed, not the install."""
        build = _load(Path(self.root, "media", "worker", "kernel", "build.py"))
        try:
            if version == "editable":
                build.build()
                return
            self._scratch = tempfile.mkdtemp(prefix="kernel-")
            module = build.build(Path(self._scratch))
        except build.BuildError as error:
            self.app.display_warning(f"The kernel of the packet path was not built, Python forwards instead: {error}")
            return
        build_data["force_include"][str(module)] = f"media/worker/kernel/{module.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Clean up."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch)


def _load(path: Path) -> Any:
    """Import a module without the packages around it, which need what is not installed yet."""
    spec = importlib.util.spec_from_file_location("kernel_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
