"""Kept stores on a PostgreSQL server: the schema of a dump, and the programs that write and read one."""

import shutil
import subprocess
from pathlib import Path

SCHEMA = "flowai_kept_journals"
"""The name in every dump; a copy has another one."""


def program_of(name: str) -> str:
    """Return where a program of the newest installed server is; its bare name where none is."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda each: int(each.parts[-3]))
    return str(found[-1]) if found else shutil.which(name) or name


def address_of(server: str, schema: str) -> str:
    """Return the address of a store on a server."""
    return f"{server}{'&' if '?' in server else '?'}schema={schema}"


def load(dump: Path, server: str, schema: str) -> None:
    """Load a dump under another name."""
    written = dump.read_text(encoding="utf-8").replace(SCHEMA, schema)
    command = [
        program_of("psql"),
        "--quiet",
        "--no-psqlrc",
        "--set",
        "ON_ERROR_STOP=1",
        "--output",
        "/dev/null",
        server,
    ]
    subprocess.run(command, input=written, encoding="utf-8", check=True)
