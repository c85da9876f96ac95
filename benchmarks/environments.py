"""The environments: one for each peer under `.benchmarks`, so that nothing of theirs meets anything of ours."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".benchmarks"

PEERS: dict[str, tuple[str, ...]] = {
    "doeff": ("doeff==0.8.0",),
    "pydantic_ai": ("pydantic-ai-slim==2.66.0",),
    "langchain": ("langchain==1.4.7", "langgraph==1.2.22"),
    "openai_agents": ("openai-agents==0.24.0",),
    "anthropic_sdk": ("anthropic==2.12.0",),
    "openai_sdk": ("openai==3.54.0",),
    "pydantic_evals": ("pydantic-ai-slim==2.62.0", "pydantic-evals==2.62.0"),
    "inspect": ("inspect-ai==0.3.285",),
    "deepeval": ("deepeval==4.3.1",),
    "tokio_futures": (),
}
"""What is installed from PyPI for each; `tokio_futures` is built from its crate."""


def python_of(name: str) -> Path:
    """The Python of an environment, made and filled when it is first asked for.

    Raises:
        subprocess.CalledProcessError: an install failed; what it said stands above.
    """
    if name == "ours":
        return Path(sys.executable)
    home = HOME / name
    python = home / "bin" / "python"
    stamp = home / "installed"
    wanted = "\n".join(PEERS[name])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _make(name, home, python)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _make(name: str, home: Path, python: Path) -> None:
    sys.stderr.write(f"making the environment of {name}\n")
    venv.create(home, clear=True, with_pip=True)
    if PEERS[name]:
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[name])
    if name == "tokio_futures":
        _build_crate(home, python)


def _build_crate(home: Path, python: Path) -> None:
    manifest = ROOT / "benchmarks" / "peers" / "tokio_futures" / "Cargo.toml"
    place = {"VIRTUAL_ENV": str(home), "PYO3_PYTHON": str(python), "CARGO_TARGET_DIR": str(HOME / "target")}
    maturin = Path(sys.executable).with_name("maturin")
    _run(str(maturin), "develop", "--quiet", "--release", "--manifest-path", str(manifest), **place)


def _run(*command: str, **environment: str) -> None:
    subprocess.run(command, check=True, env={**os.environ, **environment})
