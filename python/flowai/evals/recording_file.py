"""Recordings in files: a line for the run, then one for each record; compressed where the name ends in `.gz`."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import StorageError

if TYPE_CHECKING:
    from flowai.interpreters.recording import Recording


def save_recording(recording: Recording, path: str | Path) -> Path:
    """Write a recording; keys and other secrets are never part of one.

    Example:
        >>> import tempfile
        >>> from flowai import ReadClock
        >>> from flowai.interpreters import Test
        >>> recording = Test().run(ReadClock()).recording
        >>> path = save_recording(recording, Path(tempfile.mkdtemp()) / "run.jsonl.gz")
        >>> load_recording(path) == recording
        True
    """
    path = Path(path)
    header = {key: value for key, value in recording.records.items() if key != "entries"}
    lines = [header, *recording.records["entries"]]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a time in it, the same run is the same file.
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode())
    return path


def load_recording(path: str | Path) -> Recording:
    """Read what `save_recording` wrote, or what `Recording.to_json` did.

    Raises:
        StorageError: there is no such file, or it holds no recording.
    """
    from flowai.interpreters.recording import Recording

    path = Path(path)
    try:
        written = path.read_bytes()
        text = (gzip.decompress(written) if written[:2] == b"\x1f\x8b" else written).decode()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        hint = "name a file that `save_recording` wrote"
        raise StorageError(f"`{path}` cannot be read: {error}", hint=hint) from error
    lines: list[Any] = []
    # Not `splitlines`: a text in JSON may hold what Unicode, and no file, takes for the end of a line.
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise StorageError(f"line {number} of `{path}` is no JSON: {error}", hint="record it anew") from error
    if not lines or not isinstance(lines[0], dict):
        raise StorageError(f"`{path}` holds no recording", hint="record it anew")
    first = cast("dict[str, Any]", lines[0])
    return Recording(first if "entries" in first else {**first, "entries": lines[1:]})
