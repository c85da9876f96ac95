"""A model server on this machine: it speaks Anthropic Messages, OpenAI Responses and Chat Completions by a script.

The bytes have the shape of recorded ones; what is said comes from the test, turn by turn.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.live import anthropic_wire, chat_wire, responses_wire

PROTOCOLS = {
    "/v1/messages": anthropic_wire,
    "/v1/responses": responses_wire,
    "/v1/chat/completions": chat_wire,
}


@dataclass(frozen=True)
class Call:
    """A tool call of an answer."""

    name: str
    arguments: dict[str, Any]
    id: str = "call_1"


@dataclass(frozen=True)
class Reply:
    """What the server answers: text, thinking and calls, or an error, or half an answer and then nothing."""

    text: str = ""
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    status: int = 200
    error: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    breaks: bool = False


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def protocol(self) -> Any:
        return PROTOCOLS[self.path]

    @property
    def system(self) -> str:
        """The system prompt, whatever the protocol."""
        return str(self.protocol.system(self.body))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as a script sees it."""
        found: list[dict[str, Any]] = self.protocol.messages(self.body)
        return found


Script = Callable[[Asked], Reply]


@dataclass
class Server:
    """What a test knows of its server."""

    script: Script
    port: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    hanging: threading.Event = field(default_factory=threading.Event)
    """Set when half an answer was sent and the rest will not come."""
    dropped: threading.Event = field(default_factory=threading.Event)
    """Set when a client hung up in the middle of an answer."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while (asked := await _request(reader)) is not None:
                self.asked.append(asked)
                if not await self._answer(self._scripted(asked), asked, reader, writer):
                    break
        except ConnectionError:
            self.dropped.set()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()

    def _scripted(self, asked: Asked) -> Reply:
        try:
            return self.script(asked)
        except Exception as error:  # noqa: BLE001 — a script that is wrong fails its test, with the reason
            return Reply(status=400, error={"error": {"message": f"the script: {error!r}"}})

    async def _answer(
        self, reply: Reply, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if reply.status != 200:
            body = reply.error if isinstance(reply.error, str) else json.dumps(reply.error)
            writer.write(_head(reply.status, "application/json", len(body.encode()), reply.headers) + body.encode())
        elif asked.body.get("stream"):
            events: list[str] = list(asked.protocol.streamed(reply, asked.body))
            half = events[: len(events) // 2] if reply.hangs or reply.breaks else events
            writer.write(_head(200, "text/event-stream", None, reply.headers) + "".join(half).encode())
            await writer.drain()
            if reply.hangs:
                self.hanging.set()
                if not await reader.read(1):
                    self.dropped.set()
            return False
        else:
            body = json.dumps(asked.protocol.whole(reply, asked.body))
            writer.write(_head(200, "application/json", len(body.encode()), reply.headers) + body.encode())
        await writer.drain()
        return True


@contextmanager
def serving(script: Script | list[Reply]) -> Generator[Server]:
    """Serve in a thread; a list is answered turn by turn."""
    server = Server(script if callable(script) else _by_turn(script))
    started = threading.Event()
    ending: list[Callable[[], object]] = []

    async def live() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        ending.append(lambda: loop.call_soon_threadsafe(over.set))
        async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
            server.port = listening.sockets[0].getsockname()[1]
            started.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),), daemon=True)
    thread.start()
    started.wait()
    try:
        yield server
    finally:
        ending[0]()
        thread.join()


def _by_turn(replies: list[Reply]) -> Script:
    turns = iter(replies)
    return lambda _: next(turns)


async def _request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(first.split(" ")[1], headers, json.loads(body))


def _head(status: int, media_type: str, length: int | None, headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status} said", f"content-type: {media_type}", "request-id: req_1"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("connection: close" if length is None else f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
