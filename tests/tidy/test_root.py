"""The root holds what a newcomer looks for, and no litter of the work."""

from tests.tidy.repository import ROOT

EXPECTED = set(
    """
    .ci .git .gitattributes .github .gitignore
    ARCHITECTURE.md CHANGELOG.md CONTRIBUTING.md Cargo.lock Cargo.toml LICENSE Makefile README.md
    benchmarks constraints.txt deny.toml docs examples pyproject.toml python rust rustfmt.toml studio tests
    """.split()
)
MADE = set(
    ".benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .venv dist target".split()
)


def test_the_root_holds_nothing_else() -> None:
    assert sorted({path.name for path in ROOT.iterdir()} - EXPECTED - MADE) == []
