"""The facade: every announced name is there, and none costs an import before it is used."""

import subprocess
import sys

import pytest

import flowai_harness


def test_importing_the_facade_does_not_import_pydantic() -> None:
    code = "import sys, flowai_harness as f; f.define_tool; f.TestingConfig; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_every_name_has_a_home() -> None:
    homes = vars(flowai_harness)["_HOME"]
    assert sorted(homes) == sorted(flowai_harness.__all__)
    for name, home in homes.items():
        if home != "flowai.interpreters":
            assert getattr(flowai_harness, name).__module__.startswith("flowai.")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute `define_agnet`"):
        flowai_harness.define_agnet  # type: ignore[attr-defined] # pyright: ignore # noqa: B018, PGH003
    assert "define_tool" in dir(flowai_harness)
