"""A drawing of a program, as text and as a Mermaid flowchart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from flowai.programs.program import Bind, Map, Program
from flowai.programs.structure import upward

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH_MAX = 40
"""How deep a drawing goes; nobody reads further, and indentation grows with the square."""


class Tree(NamedTuple):
    """One node of a drawing with the nodes under it."""

    label: str
    """What the node says."""
    node: str
    """The kind of node, such as `gather`."""
    children: tuple[Tree, ...]
    """The nodes under it, in order."""
    asks_max: int | None
    """How many effects are asked at most; None where only running it tells."""

    def __str__(self) -> str:
        return "\n".join(f"{lead}{tree.label}" for lead, tree in _lines(self))

    def mermaid(self) -> str:
        """Return the drawing as a Mermaid flowchart.

        Example:
            >>> from flowai.programs import gather, pure
            >>> print(gather(pure(1)).tree().mermaid())
            flowchart TD
                n0["gather"]
                n1["pure 1"]
                n0 --> n1
        """
        lines = ["flowchart TD"]
        for number, parent, tree in _numbered(self):
            lines.append(f'    n{number}["{_escaped(tree.label)}"]')
            if parent is not None:
                lines.append(f"    n{parent} --> n{number}")
        return "\n".join(lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.label)


Node: TypeAlias = Program[Any, Any]


def tree_of(program: Node) -> Tree:
    """Draw a program; a chain of binds and maps becomes one node with a line for each."""
    known: dict[int, Tree] = {}
    for node, children in upward(program):
        known[id(node)] = _drawn(node, [known[id(child)] for child in children])
    return _chain(known[id(program)])


def _drawn(node: Node, children: list[Tree]) -> Tree:
    bound = node.asks_max([child.asks_max for child in children])
    is_link = isinstance(node, Bind | Map)
    return Tree(node.label(), node.node, tuple(children if is_link else map(_chain, children)), bound)


def _chain(tree: Tree) -> Tree:
    steps: list[Tree] = []
    source = tree
    while source.node in {"bind", "map"}:
        steps.append(Tree(source.label, "step", (), None))
        source = source.children[0]
    return Tree("in turn", "chain", (source, *reversed(steps)), tree.asks_max) if steps else tree


def _lines(tree: Tree) -> Iterator[tuple[str, Tree]]:
    waiting: list[tuple[str, str, Tree]] = [("", "", tree)]
    while waiting:
        lead, indent, node = waiting.pop()
        yield lead, node
        children = node.children
        if len(indent) >= DEPTH_MAX * 3 and children:
            children = (Tree("…", "more", (), None),)
        for place, child in reversed(list(enumerate(children))):
            is_last = place == len(children) - 1
            branch, rest = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
            waiting.append((indent + branch, indent + rest, child))


def _numbered(tree: Tree) -> Iterator[tuple[int, int | None, Tree]]:
    waiting: list[tuple[int | None, Tree]] = [(None, tree)]
    number = 0
    while waiting:
        parent, node = waiting.pop()
        yield number, parent, node
        waiting.extend((number, child) for child in reversed(node.children))
        number += 1


def _escaped(label: str) -> str:
    return label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
