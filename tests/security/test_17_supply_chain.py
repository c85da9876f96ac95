"""Row 17: what is installed is written down, on both sides, and checked."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_both_sides_have_a_lock_file() -> None:
    assert (ROOT / "Cargo.lock").is_file()
    assert (ROOT / "constraints.txt").is_file()


def test_every_development_dependency_is_pinned() -> None:
    pins = [line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
    assert [each for each in pins if each and "==" not in each] == []


def test_users_get_few_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(each.split(">")[0] for each in project["dependencies"]) == [
        "genai-prices",
        "pydantic",
        "returns",
        "rich",
    ]


def test_the_crates_are_checked_by_cargo_deny() -> None:
    assert (ROOT / "deny.toml").is_file()
