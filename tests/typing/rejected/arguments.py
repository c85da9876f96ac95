"""Wrong arguments of tools and programs are type errors."""

from __future__ import annotations

from flowai import AwaitApproval, CallModel, CallTool, Do, Tools, for_each, pure, retry
from flowai import program as a_program
from tests.typing.tools import Stock, place_order, read_stock


@a_program
def stock_of(sku: str) -> Do[Tools, Stock]:
    """Ask a tool."""
    return (yield from CallTool(read_stock, sku))


CallTool(read_stock, skv="A")  # expect-error
CallTool(read_stock, sku=1)  # expect-error
CallTool(read_stock)  # expect-error
CallTool(read_stock, "A", "B")  # expect-error
CallTool(place_order, sku="A", units="many")  # expect-error
CallTool(len, "A")  # expect-error
stock_of(1)  # expect-error
stock_of()  # expect-error
stock_of(name="A")  # expect-error
CallModel("m", promt="hello")  # expect-error
AwaitApproval(subject=1)  # expect-error
for_each([1, 2], stock_of)  # expect-error
for_each(["A"], stock_of, limits=1)  # expect-error
retry(pure(1), attempts="3")  # expect-error
retry(stock_of)  # expect-error
