"""What happened to a stored value."""

from __future__ import annotations

from typing import Literal

from flowai.events.envelope import Envelope, Json
from flowai.events.visible import quoted, visible


class ReferenceStored(Envelope):
    """A value was stored, or its life was made longer."""

    type: Literal["reference_stored"] = "reference_stored"
    kind: str
    id: str
    glimpse: Json
    """What a model sees of it."""
    bytes: int

    def told(self) -> str:
        """Show handle, size and glimpse."""
        return f"{visible(self.kind)}:{visible(self.id)} ({self.bytes} bytes) {quoted(self.glimpse)}"


class ReferenceHydrated(Envelope):
    """A value was loaded for code, outside every prompt."""

    type: Literal["reference_hydrated"] = "reference_hydrated"
    kind: str
    id: str

    def told(self) -> str:
        """Show the handle."""
        return f"{visible(self.kind)}:{visible(self.id)}"
