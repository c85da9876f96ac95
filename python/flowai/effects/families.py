"""The families by which a program's row names what it may ask.

Example:
    A row reads as a sentence: `Do[Models | Tools, Receipt]` is a program that asks models and tools,
    nothing else, and ends with a receipt.
"""

from __future__ import annotations


class Models:
    """Questions for language models."""

    __slots__ = ()


class Tools:
    """Calls of tools."""

    __slots__ = ()


class Approvals:
    """Questions for a human who may refuse."""

    __slots__ = ()


class References:
    """Values that are stored once and passed by handle."""

    __slots__ = ()


class Plans:
    """Plans that are stored, read and moved through their lifecycle."""

    __slots__ = ()


class Agents:
    """Calls of other agents."""

    __slots__ = ()


class Clock:
    """The time, read and waited for."""

    __slots__ = ()


class Chance:
    """Identifiers and numbers that nobody can predict."""

    __slots__ = ()


FAMILIES: tuple[type, ...] = (Models, Tools, Approvals, References, Plans, Agents, Clock, Chance)
"""Every built-in family; an effect of the user's own is its own family."""
