"""Walks over the nodes of a program that never recurse, so that depth costs no stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from flowai.specs.names import short_form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowai.programs.program import Program

    Node: TypeAlias = Program[Any, Any]


def walk(program: Node, past: tuple[type[Node], ...] = ()) -> Iterator[Node]:
    """Give every node once, parents first, however often it is shared; go `past` nodes of some types, not into them."""
    seen: set[int] = set()
    waiting = [program]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting.extend(() if isinstance(node, past) else reversed(node.children()))


def upward(program: Node) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Give every node once with its children, children first."""
    done: set[int] = set()
    waiting = [program]
    while waiting:
        node = waiting[-1]
        children = node.children()
        left = [] if id(node) in done else [each for each in children if id(each) not in done]
        waiting.extend(left)
        if not left:
            waiting.pop()
            if id(node) not in done:
                done.add(id(node))
                yield node, children


def same(left: Node, right: Node) -> bool:
    """Say whether two programs are built alike."""
    seen: set[tuple[int, int]] = set()
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        if one is other or (id(one), id(other)) in seen:
            continue
        seen.add((id(one), id(other)))
        ours, theirs = one.children(), other.children()
        if type(one) is not type(other) or len(ours) != len(theirs) or one.own() != other.own():
            return False
        waiting.extend(zip(ours, theirs, strict=True))
    return True


def hash_of(program: Node) -> int:
    """Return a hash that is equal for programs built alike."""
    known: dict[int, int] = {}
    for node, children in upward(program):
        parts = tuple(known[id(child)] for child in children)
        known[id(node)] = hash((node.node, node.own(), parts))
    return known[id(program)]


def name_of(given: object) -> str:
    """Return the name by which a person knows a function or class, or a short form of a value."""
    name: Any = getattr(given, "__name__", None)
    if isinstance(name, str):
        return name
    if callable(given):
        # A function that is a value may hold a program, whose `repr` may hold another, to any depth.
        return type(given).__name__
    return short_form(given, 40)
