"""References, their handles and their glimpses."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from flowai.errors import GlimpseTooLarge, ProgramError, SpecError, ToolFailed, ValueNotJson
from flowai.specs.context import ToolContext
from flowai.specs.handle import Handle, Ref
from flowai.specs.reference import Reference, define_reference, find_reference


class ProductSetPayload(BaseModel):
    product_ids: list[str]


ProductSet = define_reference(
    name="ProductSet",
    schema=ProductSetPayload,
    ttl_ms=60 * 60 * 1000,
    glimpse=lambda value: {"productCount": len(value.product_ids), "preview": value.product_ids[:3]},
)


class Opaque:
    def __init__(self, value: str = "") -> None:
        self.value = value


def _raises(value: str) -> float:
    return len(value) / 0


class Selection(BaseModel):
    products: Ref[ProductSetPayload]
    others: list[Handle[ProductSetPayload]] = []


def test_a_value_survives_being_stored() -> None:
    value = ProductSetPayload(product_ids=["p1", "p2"])
    assert ProductSet.decode(json.loads(json.dumps(ProductSet.encode(value)))) == value


def test_a_glimpse_is_json_for_the_model() -> None:
    value = ProductSetPayload(product_ids=["p1", "p2", "p3", "p4"])
    assert ProductSet.glimpse_of(value) == {"productCount": 4, "preview": ["p1", "p2", "p3"]}


def test_a_glimpse_over_two_kib_is_refused() -> None:
    def reference(size: int) -> Reference[str]:
        return define_reference("Text", str, 1, lambda _: "x" * size)

    assert len(reference(2_046).glimpse_of("")) == 2_046
    with pytest.raises(GlimpseTooLarge, match="2049 bytes"):
        reference(2_047).glimpse_of("")


@pytest.mark.parametrize("glimpse", [_raises, Opaque])
def test_a_glimpse_that_fails_says_whose_it_is(glimpse: Any) -> None:
    with pytest.raises(ToolFailed, match="glimpse function of `Broken` failed"):
        define_reference("Broken", str, 1, glimpse).glimpse_of("x")


def test_a_value_of_another_type_is_refused() -> None:
    wrong: Any = {"product_ids": 3}
    with pytest.raises(ValueNotJson, match="product_ids"):
        ProductSet.encode(wrong)


def test_everything_wrong_with_a_definition_is_listed() -> None:
    wrong: Any = define_reference
    with pytest.raises(SpecError) as caught:
        wrong("Product Set", Opaque, 0, "no function")
    assert len(caught.value.faults) == 4


def test_a_handle_has_two_forms() -> None:
    handle = ProductSet.handle("9f:2c")
    assert str(handle) == "ProductSet:9f:2c"
    assert Handle.parse(str(handle)) == Handle.parse(handle.to_json()) == handle


@pytest.mark.parametrize("written", ["", "ProductSet", ":x", "ProductSet:", {"kind": "P"}, {"kind": "P", "id": 3}, 7])
def test_what_is_no_handle_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="handle"):
        Handle.parse(written)
    with pytest.raises(ValidationError):
        Selection.model_validate({"products": written})


def test_a_reference_is_empty_until_it_is_loaded() -> None:
    selection = Selection.model_validate({"products": "ProductSet:9f2c"})
    assert selection.products.handle == ProductSet.handle("9f2c")
    assert not selection.products.is_hydrated
    with pytest.raises(ProgramError, match="`ProductSet:9f2c` is not loaded") as caught:
        _ = selection.products.value
    assert caught.value.hint


def test_a_reference_writes_its_handle_and_never_its_value() -> None:
    value = ProductSetPayload(product_ids=["secret"])
    selection = Selection(products=Ref.hydrated("ProductSet:9f2c", value), others=[ProductSet.handle("1")])
    assert selection.model_dump(mode="json") == {
        "products": {"kind": "ProductSet", "id": "9f2c"},
        "others": [{"kind": "ProductSet", "id": "1"}],
    }
    assert "secret" not in repr(selection)


def test_a_loaded_value_is_checked_by_the_declared_type() -> None:
    with pytest.raises(ValidationError):
        Selection.model_validate({"products": Ref.hydrated("Other:1", 3)})


def test_a_handle_knows_its_type_where_the_annotation_does() -> None:
    handle = TypeAdapter(Handle[ProductSetPayload]).validate_python("ProductSet:1")
    assert handle.schema is ProductSetPayload


def test_a_reference_is_found_by_its_kind() -> None:
    once = define_reference("FoundByKind", str, 1, len)
    assert find_reference("FoundByKind") is once
    assert find_reference("NoSuchKind") is None
    again = define_reference("FoundByKind", list[str], 1, len)
    with pytest.raises(SpecError, match="two references are called `FoundByKind`"):
        find_reference(again.name)


def test_a_context_without_a_runtime_has_no_references() -> None:
    ctx = ToolContext(services=None)
    ctx.report({"done": 1})
    with pytest.raises(ProgramError, match="no references"):
        ctx.references.store_sync(ProductSet, ProductSetPayload(product_ids=[]))
