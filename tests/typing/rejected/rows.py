"""What a row does not declare is a type error."""

from __future__ import annotations

from flowai import CallModel, CallTool, Do, Models, Tools, gather, program
from tests.typing.tools import AskOracle, Stock, read_stock


@program
def undeclared_family(sku: str) -> Do[Models, Stock]:
    """Ask a tool where only models are declared."""
    return (yield from CallTool(read_stock, sku))  # expect-error


@program
def undeclared_effect() -> Do[Models | Tools, str]:
    """Ask an effect of one's own without naming it."""
    return (yield from AskOracle("why?"))  # expect-error


@program
def narrow(sku: str) -> Do[Tools, Stock]:
    """Declare what it asks."""
    return (yield from CallTool(read_stock, sku))


@program
def undeclared_sub_program() -> Do[Models, Stock]:
    """Run a program of a wider row."""
    return (yield from narrow("A"))  # expect-error


@program
def undeclared_in_gather() -> Do[Models, tuple[str, Stock]]:
    """Hide it in a combinator."""
    return (yield from gather(CallModel("m", "hello"), narrow("A")))  # expect-error


@program
def wrong_answer() -> Do[Models, int]:
    """Return another type than declared."""
    return (yield from CallModel("m", "hello"))  # expect-error
