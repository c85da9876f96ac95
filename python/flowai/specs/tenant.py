"""Whose data a runtime serves."""

from __future__ import annotations

from dataclasses import dataclass

from flowai.specs.faults import Faults, refuse

HINT = "give a text of 1 to 128 printable characters without spaces around it"


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
            faults.add(f"`{name}` is {text!r}", hint=HINT)
    faults.raise_if_any()
    return TenantSpec(id, config_version)


def chosen_tenant(given: str | None, own: TenantSpec) -> str:
    """Return the id of the tenant that a call names, or of the runtime's own where it names none.

    Raises:
        SpecError: The name could be no tenant's; an empty one must not fall to the runtime's own data.

    Example:
        >>> chosen_tenant(None, define_tenant("acme", "v1"))
        'acme'
    """
    if given is None:
        return own.id
    if not _is_label(given):
        raise refuse("`tenant`", f"it is {given!r}", hint=HINT)
    return given


def _is_label(text: object) -> bool:
    if not isinstance(text, str) or text != text.strip():
        return False
    return 0 < len(text) <= 128 and text.isprintable()
