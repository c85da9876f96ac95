"""The source of a program function, as a syntax tree."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any


def definition(code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the definition that a code object was compiled from, or None where there is no source."""
    lines = "".join(linecache.getlines(code.co_filename))
    for node in _definitions(lines).get(code.co_name, ()):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        if first <= code.co_firstlineno <= node.lineno:
            return node
    return None


@lru_cache(maxsize=8)
def _definitions(lines: str) -> dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]]:
    # One parse serves every program of a file, which is decorated from top to bottom.
    found: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
    try:
        tree = ast.parse(lines)
    except SyntaxError:
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def digest(function: Callable[..., Any]) -> str:
    """Return 16 hexadecimal digits that change when the code of a function does."""
    from hashlib import blake2b

    code = function.__code__
    node = definition(code)
    text = code.co_code.hex() if node is None else ast.dump(ast.Module(node.body, []))
    return blake2b(text.encode(), digest_size=8).hexdigest()
