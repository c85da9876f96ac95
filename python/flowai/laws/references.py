"""Law 13: a handle is its value."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from hypothesis import strategies as st

from flowai.effects import LoadRef, References, StoreRef
from flowai.errors import ReferenceNotFound
from flowai.laws.law import Subject, law, outcome_of
from flowai.programs import Do, catch, gather, program
from flowai.specs.reference import define_reference

Fields = dict[str, Any]
Drawer = define_reference("LawDrawer", Fields, 60_000, len)
Shelf = define_reference("LawShelf", Fields, 60_000, len)

NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS: st.SearchStrategy[Fields] = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)


@program
def kept(value: Fields) -> Do[References, tuple[str, Fields]]:
    """Store a value and load it again."""
    handle = yield from StoreRef(Drawer, value)
    return handle.id, (yield from LoadRef(handle))


@law(13, is_native=True, value=FIELDS)
def what_is_stored_is_loaded(subject: Subject, value: Fields) -> None:
    """`load(store(v)) == v`, and every number has the type it had."""
    loaded = subject.native().run(kept(value)).value[1]
    assert loaded == value
    assert repr_of(loaded) == repr_of(value)


@law(13, is_native=True, value=FIELDS)
def equal_values_have_equal_handles(subject: Subject, value: Fields) -> None:
    """The order of keys, the run and the interpreter do not matter."""
    turned = {key: value[key] for key in reversed(value)}
    one, again = subject.native().run(gather(kept(value), kept(turned))).value
    assert one[0] == again[0] == subject.native(seed=7).run(kept(value)).value[0]


@law(13, is_native=True, one=FIELDS, other=FIELDS)
def different_values_have_different_handles(subject: Subject, one: Fields, other: Fields) -> None:
    """A handle names one value, of one kind."""
    ours, theirs = subject.native().run(gather(kept(one), kept(other))).value
    assert (ours[0] == theirs[0]) == (repr_of(one) == repr_of(other))
    assert ours[1] == one
    assert theirs[1] == other


@law(13, is_native=True)
def a_handle_is_the_same_in_every_process(subject: Subject) -> None:
    """Written down once; a change of the canonical form would break every recording."""
    stored = subject.native().run(kept({"b": [1, 2.5, None], "a": "ä"})).value
    assert stored[0] == KNOWN


@law(13, is_native=True, value=FIELDS)
def an_unknown_handle_is_a_typed_error(subject: Subject, value: Fields) -> None:
    """Unknown, of another kind, or another store's: nobody learns which."""
    content_id = subject.native().run(kept(value)).value[0]
    for unknown in (content_id, "0" * len(content_id)):
        loading = subject.native().run(LoadRef(Drawer.handle(unknown)))
        assert outcome_of(partial(getattr, loading, "value"))[0] == ReferenceNotFound.__name__
    missing = catch(loaded_as_another(StoreRef(Drawer, value)), told_apart, on=ReferenceNotFound)
    assert subject.native().run(missing).value == "not found"


@program
def loaded_as_another(stored: StoreRef[Fields]) -> Do[References, str]:
    """Load a value by its id under another kind."""
    handle = yield from stored
    yield from LoadRef(Shelf.handle(handle.id))
    return "found"


@program
def told_apart(_: Exception) -> Do[References, str]:
    """Answer where a handle names nothing."""
    yield from StoreRef(Drawer, {})
    return "not found"


def repr_of(value: Any) -> Any:
    """Return a form that is equal where values are, types included: `1` and `1.0` are two contents."""
    # Adding zero makes of the negative zero, which is equal to it, the one zero there is.
    return json.dumps(json.loads(json.dumps(value), parse_float=lambda written: float(written) + 0.0), sort_keys=True)


KNOWN = "8339e16100c1fca2f9b56258f1422b25"
"""The id of a small value."""
