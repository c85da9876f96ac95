"""Opening the store that a command works on, and the commands that work on it next."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowai.cli.application import AppUnusable, load_app
from flowai.specs.runtime import RuntimeSpec
from flowai.specs.testing import TestingConfig

if TYPE_CHECKING:
    from flowai.interpreters import Runtime

PASSWORD = re.compile(r"(://[^/?#:@]*:).*(?=@)|([?&]password=)[^&#]*")
"""What stands before a password, and the password."""

ADDRESS = "write `--storage sqlite:///runs.db`, or `--storage postgresql://user@host/db`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which app, over which store, for whom."""

    app: str
    storage: str | None = None
    tenant: str | None = None

    def command(self, verb: str, *given: str) -> str:
        """Return the line that performs a verb here, for a shell.

        Example:
            >>> Place(app="shop:spec", storage="sqlite:///my runs.db").command("approve", "approval_1")
            "flowai-harness approve approval_1 --app shop:spec --storage 'sqlite:///my runs.db'"
        """
        line = ["flowai-harness", verb, *given, "--app", self.app]
        if self.storage is not None:
            line += ["--storage", without_password(self.storage)]
        if self.tenant is not None:
            line += ["--tenant", self.tenant]
        return shlex.join(line)

    def answers(self, approval_id: str, kind: str) -> list[str]:
        """Return the lines that answer an approval of a kind."""
        if kind == "in_doubt":
            return [self.command("settle", approval_id, word) for word in ("happened", "run_again", "failed")]
        return [self.command("approve", approval_id), self.command("reject", approval_id)]

    def opened(self, *, to_read: bool = False) -> Runtime:
        """Return a runtime of the app over the store; one that only reads needs no key of a provider.

        Raises:
            AppUnusable: There is no such app, or no store that outlives a process.
            FlowaiError: No runtime can be made of the app, or the store cannot be opened.
        """
        runtime = self.runtime(to_read=to_read)
        if not runtime.shelf.is_durable:
            raise AppUnusable("the app keeps its runs in memory, and they end with their process", hint=ADDRESS)
        return runtime

    def runtime(self, *, to_read: bool = False) -> Runtime:
        """Return a runtime of the app, over the store where one is given."""
        from flowai.interpreters import create_runtime
        from flowai.interpreters.creation import SCHEMES

        if self.storage is not None and not self.storage.startswith(SCHEMES):
            raise AppUnusable(f"`{without_password(self.storage)}` is no address of a store", hint=ADDRESS)
        app = load_app(self.app)
        if isinstance(app, RuntimeSpec):
            testing = TestingConfig(mock_response="read") if to_read else None
            return create_runtime(app, testing=testing, storage=self.storage)
        if self.storage is None:
            return app
        if app.shelf.is_durable:
            raise AppUnusable(f"`{self.app}` has a store of its own", hint="leave `--storage` out")
        return create_runtime(app.spec, app.services, interpreter=app.interpreter, storage=self.storage)


def without_password(address: str) -> str:
    """Leave the password of a store out, because a terminal's lines are kept in logs.

    Example:
        >>> without_password("postgresql://ana:a&b/c@host/runs"), without_password("sqlite:///runs.db")
        ('postgresql://ana:...@host/runs', 'sqlite:///runs.db')
        >>> without_password("postgresql://host/runs?password=secret&schema=flowai")
        'postgresql://host/runs?password=...&schema=flowai'
    """
    return PASSWORD.sub(lambda found: f"{found[1] or found[2]}...", address)
