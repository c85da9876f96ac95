"""The files of this repository, as the tidy tests look at them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "python"
CRATES = ROOT / "rust"
PYTHON_FOLDERS = ("python", "tests", "benchmarks", "examples")
NOT_OURS = {"target", "__pycache__", "node_modules"}


def named(path: Path) -> str:
    """A path as messages show it."""
    return path.relative_to(ROOT).as_posix()


def python_files(*folders: str) -> Iterator[Path]:
    """Every Python file of the folders, or of all that hold Python."""
    return _files(folders or PYTHON_FOLDERS, ".py")


def rust_files(*folders: str) -> Iterator[Path]:
    """Every Rust file of the folders, or of all that hold Rust."""
    return _files(folders or ("rust", "benchmarks"), ".rs")


def documents() -> Iterator[Path]:
    """Every page for people."""
    yield from sorted(ROOT.glob("*.md"))
    yield from _files(("docs", *PYTHON_FOLDERS, "rust"), ".md")


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=named(path))


def dotted(path: Path) -> str:
    """The name under which a file of `python/` is imported."""
    parts = path.relative_to(PACKAGES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each module that a tree imports, `from a import b` counting as `a` and as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _files(folders: tuple[str, ...], suffix: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if not NOT_OURS.intersection(path.relative_to(ROOT).parts):
                yield path
