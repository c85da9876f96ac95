"""The specs and effects that the typing cases are told with."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from flowai import Effect
from flowai.specs.tool import ToolContext, define_tool


@dataclass(frozen=True)
class Stock:
    """How much there is."""

    units: int


class Errand(BaseModel):
    """A plan of steps."""

    steps: list[str]


@dataclass(frozen=True)
class AskOracle(Effect[str]):
    """An effect of a user's own."""

    question: str


@dataclass(frozen=True)
class RollDice(Effect[int]):
    """Another."""

    sides: int = 6


@define_tool(access="read")
def read_stock(sku: str) -> Stock:
    """Read the stock of one article."""
    return Stock(len(sku))


@define_tool(access="write_idempotent")
async def place_order(ctx: ToolContext[None], sku: str, units: int = 1) -> bool:
    """Order some of one article."""
    return bool(sku) and units > 0
