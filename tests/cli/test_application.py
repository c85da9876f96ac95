"""What `--app` may name, and what is said where it names nothing."""

import sys
from pathlib import Path

import pytest

from flowai.cli import main
from flowai.cli.application import AppUnusable, load_app
from flowai.specs.runtime import RuntimeSpec
from flowai_harness import Runtime


def test_a_spec_a_runtime_and_a_function_are_found() -> None:
    assert isinstance(load_app("tests.cli.shop:spec"), RuntimeSpec)
    assert isinstance(load_app("tests.cli.shop:talking"), Runtime)


@pytest.mark.parametrize(
    ("written", "said", "hint"),
    [
        ("shop", "`shop` names no attribute of a module", "write `--app my_agents:spec`"),
        (":spec", "`:spec` names no attribute of a module", "write `--app my_agents:spec`"),
        ("tests.cli.shpo:spec", "there is no module `tests.cli.shpo`", "did you mean `shop`?"),
        ("tests.cli.shop:spce", "module `tests.cli.shop` has no `spce`", "write `tests.cli.shop:spec`"),
        ("tests.cli.shop:not_an_app", "is a `dict`, not a runtime spec or a runtime", "write `tests.cli.shop:spec`"),
        ("tests.cli.shop:failing", "failed: ZeroDivisionError: no shop today", "takes no arguments"),
        ("tests.cli.shop.py:spec", "is a file, not a module", "`--app tests.cli.shop:...` without `.py`"),
        (
            "../shops/shop.py:spec",
            "`../shops/shop.py` is a path, not a module",
            "`--app shop:...` in the folder that holds it",
        ),
        ("shops/shop:spec", "`shops/shop` is a path, not a module", "`--app shops.shop:...`"),
        (".shop:spec", "`.shop` is not the name of a module", "write `--app my_agents:spec`"),
        ("nowhere_at_all:spec", "there is no module `nowhere_at_all`", "in the folder that holds it"),
    ],
)
def test_what_is_no_app_is_told_with_a_hint(
    written: str, said: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AppUnusable) as caught:
        load_app(written)
    assert said in caught.value.message
    assert hint in str(caught.value.hint)
    assert main(["check", "--app", written]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_module_beside_the_caller_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corner_shop.py").write_text("from tests.cli.shop import spec\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert isinstance(load_app("corner_shop:spec"), RuntimeSpec)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_package_anywhere", "imports `no_such_package_anywhere`, which is not installed"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('closed')", "RuntimeError: closed"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_in_one_line(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"shop_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert main(["run", "--app", f"{name}:spec", "hello"]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
