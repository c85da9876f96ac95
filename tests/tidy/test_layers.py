"""Who may depend on whom: import-linter for Python, the manifests for Rust."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import lint_imports

from tests.tidy.repository import CRATES, ROOT, imported, named, parsed, python_files

BRIDGE = "flowai._bridge"
MAY_OPEN_THE_BRIDGE = ("python/flowai/interpreters/", "tests/bridge/", "tests/tidy/")

INTERNAL = {
    "core": set[str](),
    "interp-live": {"flowai-core"},
    "interp-test": {"flowai-core"},
    "interp-eval": {"flowai-core"},
    "store": {"flowai-core"},
    "bridge": {
        "flowai-core",
        "flowai-interp-live",
        "flowai-interp-test",
        "flowai-interp-eval",
        "flowai-store",
    },
}
"""What each crate may use of ours."""

RESERVED = {
    "pyo3": {"bridge"},
    "reqwest": {"interp-live"},
    "tokio": {"interp-live", "store", "bridge"},
    "rusqlite": {"store"},
    "tokio-postgres": {"store"},
}
"""What the world is reached through, and which crates may."""

MANIFESTS = sorted(CRATES.glob("*/Cargo.toml"))


def test_imports_go_down_only(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert broken == 0, capsys.readouterr().out


def test_only_interpreters_open_the_bridge() -> None:
    opened = [
        f"{named(path)}:{line}"
        for path in python_files()
        if not named(path).startswith(MAY_OPEN_THE_BRIDGE)
        for line in _mentions(path)
    ]
    assert opened == []


def test_every_crate_has_a_rule() -> None:
    assert {path.parent.name for path in MANIFESTS} <= set(INTERNAL)


@pytest.mark.parametrize("path", MANIFESTS, ids=named)
def test_a_crate_depends_on_what_it_may(path: Path) -> None:
    crate, manifest = path.parent.name, _manifest(path)
    for name in manifest.get("dependencies", {}):
        assert not name.startswith("flowai-") or name in INTERNAL[crate], f"`{crate}` may not use `{name}`"
        assert crate in RESERVED.get(name, {crate}), f"`{name}` is for {sorted(RESERVED[name])}"


@pytest.mark.parametrize("path", MANIFESTS, ids=named)
def test_a_crate_takes_versions_and_lints_from_the_workspace(path: Path) -> None:
    manifest = _manifest(path)
    assert manifest["lints"] == {"workspace": True}
    for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
        own = [name for name, wanted in manifest.get(kind, {}).items() if "workspace" not in wanted]
        assert own == [], "name the version in the workspace"


def _manifest(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _mentions(path: Path) -> list[int]:
    tree = parsed(path)
    named_in_code = (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == BRIDGE)
    return [*(line for line, name in imported(tree) if name == BRIDGE), *named_in_code]
