"""What a Google docstring tells a model about a function."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

SECTION = re.compile(r"(Args|Arguments|Parameters|Returns|Yields|Raises|Examples?|Notes?|See Also|Warns?):\s*")
PARAMETER = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Docstring:
    """The prose of a docstring and its words on each parameter."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict[str, str])


def read_docstring(text: str | None) -> Docstring:
    r"""Read a Google docstring.

    Example:
        >>> read_docstring("Find products.\n\nArgs:\n    query: words to look for").parameters
        {'query': 'words to look for'}
    """
    prose: list[str] = []
    arguments: list[str] = []
    target: list[str] | None = prose
    for line in inspect.cleandoc(text or "").splitlines():
        section = SECTION.fullmatch(line)
        if section is None:
            if target is not None:
                target.append(line)
        else:
            target = arguments if section[1] in {"Args", "Arguments", "Parameters"} else None
    return Docstring("\n".join(prose).strip(), _parameters(arguments))


def _parameters(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name: str | None = None
    outer = min((_indent(line) for line in lines if line.strip()), default=0)
    for line in lines:
        entry = PARAMETER.fullmatch(line.strip()) if _indent(line) == outer else None
        if entry is not None:
            name, found[entry[1]] = entry[1], entry[2]
        elif name is not None and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
