"""Pydantic, imported when a spec is first made, so that importing this package stays cheap."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["LateModule", "pydantic", "pydantic_core"]


class LateModule(ModuleType):
    """A module that is imported when it is first asked for something.

    Example:
        >>> LateModule("colorsys").rgb_to_hsv(0, 0, 0)
        (0.0, 0.0, 0)
    """

    def __getattr__(self, name: str) -> Any:
        """Import the module, keep what was asked for, and return it."""
        found = getattr(import_module(self.__name__), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    import pydantic
    import pydantic_core
else:
    pydantic = LateModule("pydantic")
    pydantic_core = LateModule("pydantic_core")
