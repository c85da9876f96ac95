"""A name that a package loads late is no module of it: importing the module would put it in the name's place."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from tests.tidy.repository import PACKAGES

PACKAGE_FILES = sorted(PACKAGES.rglob("__init__.py"))


def dotted(path: Path) -> str:
    return ".".join(path.parent.relative_to(PACKAGES).parts)


@pytest.mark.parametrize("name", [dotted(path) for path in PACKAGE_FILES])
def test_no_name_that_is_loaded_late_is_a_module_too(name: str) -> None:
    package = import_module(name)
    late: set[str] = set(package.__all__) if "__getattr__" in vars(package) else set()
    assert sorted(late & {each.name for each in iter_modules(package.__path__)}) == []


def test_there_are_packages_that_load_late() -> None:
    assert sum("__getattr__" in vars(import_module(dotted(path))) for path in PACKAGE_FILES) >= 4
