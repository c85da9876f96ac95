"""The base of every effect: one question, tied to the type of its answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from flowai.effects.codec import PLAIN, Codec
from flowai.effects.declared import answer_of, checked_fields, is_scalar
from flowai.effects.families import FAMILIES
from flowai.errors import ProgramError, SpecError

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Self

A_co = TypeVar("A_co", covariant=True)


class Effect(Generic[A_co]):
    """One question that a program asks; subclass it to define your own.

    An effect is a frozen value. `yield from` asks it and gives the answer. The class itself is the
    family that a row names, and an interpreter answers it with the handler you give.

    Raises:
        SpecError: When the class is defined, if its answer or a field cannot be written as JSON.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class AskOracle(Effect[str]):
        ...     question: str
        >>> AskOracle("why?").encode(), AskOracle.kind, AskOracle.families
        ({'question': 'why?'}, 'AskOracle', (<class '...AskOracle'>,))
    """

    __slots__ = ()

    kind: ClassVar[str] = "Effect"
    """The name of the class, by which journals and events know the effect."""
    families: ClassVar[tuple[type, ...]] = ()
    """What a row may name to declare this effect."""
    lazy: ClassVar[bool] = False
    """Whether every field is an immutable scalar, so that encoding may wait."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.kind = cls.__name__
        builtin = tuple(family for family in FAMILIES if issubclass(cls, family))
        ancestors: list[Any] = [each for each in cls.__mro__[:-1] if issubclass(each, Effect)]
        ancestors.remove(Effect)
        cls.families = builtin or tuple(ancestors)
        scope = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] — shows local classes
        fields = checked_fields(cls, scope, check=not builtin)
        inherited = all(base.lazy for base in ancestors[1:])
        cls.lazy = inherited and all(map(is_scalar, fields.values()))
        _set_codec(cls, answer_of(cls, Effect, scope))

    def __iter__(self) -> Generator[Self, Any, A_co]:
        # Written in Python on purpose: an iterator written in Rust was slower.
        answer: A_co = yield self
        return answer

    def __setattr__(self, name: str, value: object) -> None:
        if name == "__orig_class__":  # `typing` notes it when someone writes `CallModel[str](...)`
            return
        hint = f"write `@dataclass(frozen=True)` above `class {type(self).__name__}`"
        raise ProgramError(f"an effect is frozen: `{name}` cannot be set", hint=hint)

    @property
    def codec(self) -> Codec:
        """How the answer is written as JSON and read back.

        Raises:
            SpecError: The answer is a type variable and the class does not say more.
        """
        message = f"the answer of `{self.kind}` is not known"
        raise SpecError(message, hint="subclass `Effect[Answer]` or define a `codec` property")

    def encode(self) -> dict[str, Any]:
        """Write the fields as JSON.

        Raises:
            ValueNotJson: A field is not of its declared type, or has no JSON form.
        """
        fields = self._fields()
        if all(type(value) in PLAIN for value in fields.values()):
            return fields
        return cast("dict[str, Any]", Codec(type(self)).encode(self))

    def _fields(self) -> dict[str, Any]:
        from dataclasses import fields, is_dataclass

        effect: Any = self
        if not is_dataclass(effect):
            hint = f"write `@dataclass(frozen=True)` above `class {self.kind}`"
            raise SpecError(f"the effect `{self.kind}` is no dataclass", hint=hint)
        return {field.name: getattr(self, field.name) for field in fields(effect)}


def _set_codec(cls: type[Effect[Any]], answer: Any) -> None:
    if "codec" in vars(cls) or isinstance(answer, TypeVar):
        return
    cls.codec = Codec.of(answer, where=f"effect `{cls.__name__}`")  # type: ignore[method-assign, assignment]
