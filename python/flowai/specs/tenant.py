"""Whose data a runtime serves."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.specs.faults import Faults


@dataclass(frozen=True, slots=True)
class TenantSpec:
    """One tenant; its id is part of every key, its configuration version of none."""

    id: str
    config_version: str
    """Recorded with every run."""

    def to_json(self) -> dict[str, str]:
        """Return the JSON form that the core reads."""
        return {"id": self.id, "config_version": self.config_version}


def define_tenant(id: str, config_version: str) -> TenantSpec:  # noqa: A002 — the announced name
    """Define a tenant.

    Args:
        id: what tells its data apart from everyone else's.
        config_version: which configuration its runs are recorded under.

    Raises:
        SpecError: listing each text that is empty or holds control characters.

    Example:
        >>> define_tenant("acme", "v1")
        TenantSpec(id='acme', config_version='v1')
    """
    faults = Faults(f"tenant `{id}`")
    for name, text in (("id", id), ("config_version", config_version)):
        if not _is_label(text):
            hint = "give a text of 1 to 128 printable characters without spaces around it"
            faults.add(f"`{name}` is {text!r}", hint=hint)
    faults.raise_if_any()
    return TenantSpec(id, config_version)


def _is_label(text: object) -> bool:
    if not isinstance(text, str) or text != text.strip():
        return False
    return 0 < len(text) <= 128 and text.isprintable()
