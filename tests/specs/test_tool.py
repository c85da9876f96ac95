"""What `define_tool` reads from a function, and how calls are bound to it."""

import asyncio
import json
import pickle
from collections.abc import Callable
from datetime import date
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict

from flowai.errors import SpecError, ToolArgumentsInvalid, ValueNotJson
from flowai.specs.context import ToolContext
from flowai.specs.handle import Handle, Ref
from flowai.specs.tool import Tool, define_tool


class Shop(BaseModel):
    name: str


class Stock(BaseModel):
    model_config = ConfigDict(strict=True)

    sku: str
    counted: date


@define_tool(access="read", approval={"when": "args.limit > 10", "expires_in": "2h"}, timeout_s=1.5)
async def find_stock(ctx: ToolContext[Shop], query: str, limit: int = 3, *, schema: Stock | None = None) -> list[Stock]:
    """Find articles.

    By any word in their name.

    Args:
        query: words to look for,
            in any order
        limit: how many at most

    Returns:
        the articles found
    """
    return [Stock(sku=f"{ctx.services.name}:{query}", counted=date(2026, 7, 1))] * limit


@define_tool
def plain(word: str) -> str:
    return word.upper()


def test_name_description_and_schema_come_from_the_function() -> None:
    spec = find_stock.to_json()
    assert spec["name"] == "find_stock"
    assert spec["description"] == "Find articles.\n\nBy any word in their name."
    assert list(spec["parameters"]["properties"]) == ["query", "limit", "schema"]
    assert spec["parameters"]["properties"]["query"]["description"] == "words to look for, in any order"
    assert spec["parameters"]["required"] == ["query"]
    assert spec["parameters"]["additionalProperties"] is False
    assert spec["returns"]["type"] == "array"
    assert spec["approval"] == {"when": "args.limit > 10", "expires_in_ms": 7_200_000}
    assert (spec["timeout_ms"], spec["max_result_bytes"], spec["access"], spec["marked"]) == (
        1500,
        16_384,
        "read",
        True,
    )


def test_a_bare_tool_counts_as_a_write_nobody_marked() -> None:
    assert (plain.access, plain.marked, plain.approval, plain.is_async) == ("write_once", False, None, False)


def test_the_schema_accepts_what_the_tool_decodes() -> None:
    arguments = {"query": "red", "schema": {"sku": "A", "counted": "2026-07-01"}}
    jsonschema.validate(arguments, find_stock.parameters)
    assert find_stock.decode_arguments(arguments)["schema"] == Stock(sku="A", counted=date(2026, 7, 1))


def test_calling_a_tool_runs_the_function() -> None:
    ctx = ToolContext(services=Shop(name="Acme"))
    found = asyncio.run(find_stock(ctx, "red", limit=1))
    assert found[0].sku == "Acme:red"
    assert plain("a") == "A"


def test_bind_fills_in_defaults() -> None:
    assert find_stock.bind("red") == {"query": "red", "limit": 3, "schema": None}
    assert find_stock.bind(limit=1, query="red") == {"query": "red", "limit": 1, "schema": None}


def test_bind_refuses_what_python_would_refuse() -> None:
    wrong: Any = find_stock
    with pytest.raises(TypeError, match=r"find_stock.*missing a required argument: 'query'"):
        wrong.bind()
    with pytest.raises(TypeError, match="unexpected keyword argument 'querry'"):
        wrong.bind("red", querry="red")


def test_arguments_survive_their_json() -> None:
    arguments = find_stock.bind("red", 2, schema=Stock(sku="A", counted=date(2026, 7, 1)))
    written = find_stock.encode_arguments(arguments)
    assert find_stock.decode_arguments(json.loads(json.dumps(written))) == arguments


def test_results_survive_their_json() -> None:
    result = [Stock(sku="A", counted=date(2026, 7, 1))]
    assert find_stock.decode_result(find_stock.encode_result(result)) == result


def test_wrong_arguments_name_each_field() -> None:
    with pytest.raises(ToolArgumentsInvalid) as caught:
        find_stock.decode_arguments({"limit": "many", "qurey": "red"})
    assert caught.value.tool == "find_stock"
    for field in ("query", "limit", "qurey"):
        assert f"`$.{field}`" in str(caught.value)


def test_a_result_of_another_type_is_refused() -> None:
    with pytest.raises(ValueNotJson, match=r"not a `list"):
        find_stock.encode_result("nothing")


def test_big_integers_stay_exact() -> None:
    @define_tool
    def count(units: int) -> int:
        return units

    assert count.decode_arguments({"units": 2**80}) == {"units": 2**80}
    assert count.decode_result(count.encode_result(2**80)) == 2**80


def test_local_classes_may_stand_in_annotations() -> None:
    class Local(BaseModel):
        size: int

    @define_tool
    def measure(item: "Local") -> "Local":
        return item

    assert measure.decode_arguments({"item": {"size": 1}}) == {"item": Local(size=1)}


def test_a_parameter_may_be_called_anything() -> None:
    @define_tool
    def odd(schema: int, model_config: int, _private: int, copy: int = 4) -> int:
        return schema + model_config + _private + copy

    assert odd.decode_arguments({"schema": 1, "model_config": 2, "_private": 3}) == {
        "schema": 1,
        "model_config": 2,
        "_private": 3,
        "copy": 4,
    }


def test_a_reference_parameter_takes_both_forms_of_a_handle() -> None:
    @define_tool
    def reprice(products: Ref[list[str]], factor: float) -> int:
        return round(len(products.value) * factor)

    handle = Handle[Any]("ProductSet", "9f2c")
    for form in ("ProductSet:9f2c", {"kind": "ProductSet", "id": "9f2c"}):
        written = {"products": form, "factor": 2}
        jsonschema.validate(written, reprice.parameters)
        assert reprice.referenced(written) == (handle,)
        arguments = reprice.decode_arguments(written, {handle: ["p1", "p2"]})
        assert arguments["products"].value == ["p1", "p2"]
        assert reprice(**arguments) == 4
        assert reprice.encode_arguments(arguments)["products"] == handle.to_json()


def test_the_version_follows_the_schema() -> None:
    def made(default: int) -> Tool[..., Any]:
        def counted(units: int = default) -> int:
            return units

        return define_tool(counted)

    assert made(1).version == made(1).version != made(2).version


def test_a_tool_pickles_by_its_import_path() -> None:
    assert pickle.loads(pickle.dumps(plain)) is plain


def _variadic(*words: str) -> str:
    return str(words)


def _unannotated(word: str) -> str:
    return word


del _unannotated.__annotations__["word"]


def _context_last(word: str, ctx: ToolContext[Any]) -> str:
    return word + str(ctx)


def _callback(then: Callable[[], None]) -> None:
    then()


class Opaque:
    pass


def _opaque() -> Opaque:
    return Opaque()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (_variadic, r"parameter `\*words: str` cannot be passed by name"),
        (_unannotated, "parameter `word` has no annotation"),
        (_context_last, "the context `ctx` is not the first parameter"),
        (_callback, "parameter `then` cannot be written as JSON"),
        (_opaque, "the result cannot be written as JSON"),
        (lambda: None, "`<lambda>` is not a usable name"),
    ],
)
def test_a_function_no_model_could_call_is_refused(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        define_tool(function)
    assert caught.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"access": "raed"},
        {"approval": "allways"},
        {"approval": {"wehn": "true"}},
        {"timeout_s": 0},
        {"timeout_s": float("inf")},
        {"timeout_s": True},
        {"max_result_bytes": 1.5},
        {"name": "two words"},
    ],
)
def test_bad_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as caught:
        define_tool(**options)(_plain_function)
    assert all(fault.hint for fault in caught.value.faults)


def test_all_faults_are_listed_at_once() -> None:
    wrong: dict[str, Any] = {"access": "raed", "timeout_s": -1, "approval": "allways"}
    with pytest.raises(SpecError) as caught:
        define_tool(**wrong)(_variadic)
    assert len(caught.value.faults) == 4
    assert "did you mean `read`?" in str(caught.value)


def _plain_function(word: str) -> str:
    return word
