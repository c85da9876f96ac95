"""Rust source read without a parser: what is code, where a function ends, which files a module names."""

import re
from collections.abc import Iterator
from pathlib import Path

NOT_CODE = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | b?r(?P<fence>\#*)".*?"(?P=fence)
      | b?"(?:\\.|[^"\\])*"
      | b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\\n])'
    """,
    re.VERBOSE | re.DOTALL,
)
FUNCTION = re.compile(r"\bfn\s+(\w+)")
MODULE = re.compile(
    r"(?:#\[path\s*=\s*\"([^\"]+)\"\]\s*)?^[ \t]*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", re.MULTILINE
)
NAMED = re.compile(r"\b(?:struct|enum|trait|union|mod|type)\s+(\w+)")


def code_of(text: str) -> str:
    """The text with comments, strings and characters blanked, lines kept."""
    return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Each function that has a body, with its number of lines from signature to closing brace."""
    code = code_of(text)
    for match in FUNCTION.finditer(code):
        opening = _body(code, match.end())
        if opening is not None:
            yield match.group(1), code.count("\n", match.start(), _closing(code, opening)) + 1


def names(text: str) -> Iterator[str]:
    """Each type and module that the text defines."""
    yield from NAMED.findall(code_of(text))


def modules(path: Path) -> Iterator[Path]:
    """Each file that a file names with `mod x;`, where it exists."""
    home = path.parent if path.name in {"lib.rs", "main.rs", "mod.rs"} else path.parent / path.stem
    if path.parent.name in {"tests", "benches", "examples"}:
        home = path.parent
    for chosen, name in MODULE.findall(path.read_text(encoding="utf-8")):
        places = [path.parent / chosen] if chosen else [home / f"{name}.rs", home / name / "mod.rs"]
        yield from (place for place in places if place.exists())


def _body(code: str, start: int) -> int | None:
    # A `;` inside brackets belongs to an array type such as `[u8; 32]`.
    depth = 0
    for position in range(start, len(code)):
        character = code[position]
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character in "{;":
            return position if character == "{" else None
    return None


def _closing(code: str, opening: int) -> int:
    depth = 0
    for position in range(opening, len(code)):
        depth += (code[position] == "{") - (code[position] == "}")
        if depth == 0:
            return position
    return len(code)
