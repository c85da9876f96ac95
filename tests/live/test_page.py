"""The page on live models keeps its word: its programs run, and its tables name what there is."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowai import CallModel, errors
from flowai.interpreters import Live
from tests.live.server import Asked, Reply, Server, serving

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/live.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BUSY = Reply(status=529, error={"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
DISH = json.dumps({"name": "soup", "price_eur": 4.5})


def spoken(asked: Asked) -> Reply:
    """Answer what the programs ask, as a model might."""
    said = asked.messages[-1]["text"]
    if said == "Are you busy?" and asked.path == "/v1/messages":
        return BUSY
    if said == "What is the dish?":
        return Reply(text=DISH)
    return Reply(text=f"about {said}", thinking="hm" if "thinking" in asked.body else "")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(spoken) as serves:
        yield serves


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_programs_of_the_page_run_on_this_machine(number: int, server: Server, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    script = tmp_path / "page.py"
    script.write_text(PROGRAMS[number], encoding="utf-8")
    there = {"ANTHROPIC_BASE_URL": server.url, "OLLAMA_BASE_URL": f"{server.url}/v1"}
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **there}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or "print(" not in PROGRAMS[number]
    assert bool(server.asked) == any(model in PROGRAMS[number] for model in ("claude-", "ollama:"))


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    below = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_the_table_of_errors_names_every_failure_of_a_model_and_its_class() -> None:
    named = [re.findall(r"`(\w+)`", cells[0]) for cells in rows("What can go wrong")]
    for name, *above in named:
        kind: type[Exception] = getattr(errors, name)
        assert issubclass(kind, getattr(errors, above[0]) if above else errors.ModelFailed)
    told = {name for name, *_ in named}
    models = {kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and _is_failure(kind)}
    assert models <= told


def _is_failure(kind: type) -> bool:
    return issubclass(kind, errors.ModelFailed) and kind is not errors.ModelFailed


def test_the_table_of_providers_names_those_that_there_are_and_their_variables() -> None:
    presets = (ROOT / "rust/interp-live/src/presets.rs").read_text(encoding="utf-8").split("#[cfg(test)]")[0]
    cells = rows("Which model, which address, which key")
    assert {row[0].strip("`") for row in cells} == set(re.findall(r'preset\(\s*"([\w-]+)"', presets))
    assert set(re.findall(r"`([A-Z_]+)`", str(cells))) == set(re.findall(r'"([A-Z_]+)"', presets))


def test_the_table_of_settings_names_those_that_there_are(server: Server) -> None:
    house = Live(providers={"house": {"api": "chat", "base_url": f"{server.url}/v1"}})
    with pytest.raises(errors.SpecError) as caught:
        _ = house.run(CallModel("house:small", "hello", settings={"speed": 1})).value
    named = re.findall(r"`([a-z_]+)`", "".join(row[0] for row in rows("Settings")))
    hint = str(caught.value.hint).removeprefix("there are ").partition(";")[0]
    assert sorted(named) == sorted(hint.split(", "))
