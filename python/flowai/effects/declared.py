"""What the class statement of an effect says: its answer and its fields."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, ForwardRef, Literal, TypeVar, get_args, get_origin

from flowai.effects.codec import PLAIN
from flowai.errors import SpecError

if TYPE_CHECKING:
    from types import FrameType

UNKNOWN = object()
"""An annotation that names something not defined yet."""


def answer_of(cls: type, root: type, scope: FrameType) -> Any:
    """Return the answer that a subclass of `Effect[Answer]` declares, or the type variable left.

    Raises:
        SpecError: The answer is a name that is not defined here.
    """
    for base in vars(cls).get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if isinstance(origin, type) and issubclass(origin, root):
            return _resolved(_argument(origin, base, root, scope), cls, scope)
    return TypeVar("A")


def _argument(origin: type, base: Any, root: type, scope: FrameType) -> Any:
    given: tuple[Any, ...] = get_args(base)
    if origin is root:
        return given[0] if given else TypeVar("A")
    inner = answer_of(origin, root, scope)
    parameters: tuple[Any, ...] = getattr(origin, "__parameters__", ())
    return dict(zip(parameters, given, strict=False)).get(inner, inner)


def _resolved(answer: Any, cls: type, scope: FrameType) -> Any:
    if not isinstance(answer, ForwardRef):
        return answer
    found = _evaluated(answer.__forward_arg__, cls, scope)
    if found is UNKNOWN:
        message = f"the answer `{answer.__forward_arg__}` of `{cls.__name__}` is not defined here"
        raise SpecError(message, hint="define the type of the answer above the effect")
    return found


def checked_fields(cls: type, scope: FrameType, *, check: bool) -> dict[str, Any]:
    """Return the annotations that a class itself makes, `UNKNOWN` where a name is not defined.

    Raises:
        SpecError: A field cannot be written as JSON.
    """
    written: dict[str, Any] = vars(cls).get("__annotations__", {})
    fields = {name: _field(each, cls, scope) for name, each in written.items()}
    kept = {name: each for name, each in fields.items() if not _is_class_variable(each)}
    for name, each in kept.items():
        if check and each is not UNKNOWN and not is_scalar(each):
            _check(each, f"effect `{cls.__name__}`", f"`{name}`")
    return kept


def _field(annotation: Any, cls: type, scope: FrameType) -> Any:
    return _evaluated(annotation, cls, scope) if isinstance(annotation, str) else annotation


def _evaluated(written: str, cls: type, scope: FrameType) -> Any:
    module = sys.modules.get(cls.__module__)
    try:
        return eval(written, dict(vars(module)) if module else {}, dict(scope.f_locals))  # noqa: S307 — the author's own annotation
    except Exception:  # noqa: BLE001 — an annotation may fail in any way before its names exist
        return UNKNOWN


def _check(annotation: Any, where: str, what: str) -> None:
    if isinstance(annotation, TypeVar):
        return
    from flowai.specs.encoding import Encoding

    Encoding(annotation).check(where, what)


def _is_class_variable(annotation: Any) -> bool:
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def is_scalar(annotation: Any) -> bool:
    """Say whether every value of a type is an immutable scalar.

    Example:
        >>> is_scalar(int | None), is_scalar(Literal["a"]), is_scalar(list[int])
        (True, True, False)
    """
    if annotation is None or get_origin(annotation) is Literal:
        return True
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation in PLAIN or issubclass(annotation, Enum)
    members = get_args(annotation)
    return _is_union(annotation) and all(map(is_scalar, members))


def _is_union(annotation: Any) -> bool:
    from types import UnionType
    from typing import Union

    return get_origin(annotation) in {Union, UnionType}
