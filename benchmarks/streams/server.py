"""The replay server, a process of its own: it answers `replay 3 every 2 ms` with the third recording, paced so.

It prints its port, ends with its standard input, and tells at `GET /seen` how long clients took from the last
byte of one answer to their next request, and how many answers were under way at once.
"""

import asyncio
import json
import re
import sys
import time

from benchmarks.streams.recordings import FILES, Recording, chosen

PATHS = {"messages": "anthropic", "responses": "responses", "completions": "chat"}
WANTED = re.compile(rb"replay (\d+) every (\d+) ms")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


class Server:
    """The recordings, and what was seen of the clients."""

    def __init__(self) -> None:
        self.recordings: dict[str, list[Recording]] = {api: chosen(api) for api in FILES}
        self.gaps_us: list[float] = []
        self.answered_at = 0.0
        self.under_way = 0
        self.under_way_max = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                self.gaps_us.append((time.perf_counter() - self.answered_at) * 1e6)
                await self._answer(head.split(b" ", 2)[1].decode(), body, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()  # the client is done, or the benchmark is

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        wanted = WANTED.search(body)
        if wanted is None:
            writer.write(self._seen())
        else:
            self.under_way += 1
            self.under_way_max = max(self.under_way, self.under_way_max)
            recording = self.recordings[PATHS[path.rsplit("/", 1)[-1]]][int(wanted[1])]
            await _play(recording, int(wanted[2]) / 1e3, writer)
            self.under_way -= 1
        self.answered_at = time.perf_counter()

    def _seen(self) -> bytes:
        seen = json.dumps({"gaps_us": self.gaps_us, "under_way_max": self.under_way_max}).encode()
        self.gaps_us, self.under_way_max = [], 0
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(seen), seen)


async def _play(recording: Recording, pause_s: float, writer: asyncio.StreamWriter) -> None:
    chunks = [b"%x\r\n%s\r\n" % (len(event), event) for event in recording.events]
    end = b"0\r\n\r\n"
    if not pause_s:
        writer.write(b"".join([HEAD, *chunks, end]))
        return
    writer.write(HEAD)
    for chunk in chunks:
        writer.write(chunk)
        await asyncio.sleep(pause_s)
    writer.write(end)


async def main() -> None:
    """Listen until whoever started this closes its standard input."""
    listening = await asyncio.start_server(Server().serve, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
