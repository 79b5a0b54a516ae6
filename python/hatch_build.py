"""Marks the wheel as one for this platform and any Python 3: it holds libsan, which Python calls by ctypes."""

import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PlatformWheel(BuildHookInterface[Any]):
    """Called by hatchling before the wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not (Path(self.root) / "src/san/lib/libsan.so.1").is_file():
            raise RuntimeError("libsan is not built yet: run Scripts/wheel in the folder above, which calls this")
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
