"""What is said of a part of an effect that is of the wrong kind."""

from __future__ import annotations

from flowai.errors import ProgramError


def wrong_part(given: object, wanted: str, *, hint: str) -> ProgramError:
    """Return the refusal of a part, where the program is written and not where it runs.

    Example:
        >>> print(wrong_part(3, "title", hint="write a text"))
        `3` is no title
        hint: write a text
    """
    return ProgramError(f"`{given!r:.60}` is no {wanted}", hint=hint)
