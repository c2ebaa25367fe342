"""A TCP relay on 127.0.0.1 that holds everything back for a while, in both directions together: a far-away AWS."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


@contextlib.contextmanager
def delayed(url: str, seconds: float) -> Iterator[str]:
    """A URL that leads to `url`, with requests arriving `seconds` later."""
    target = urlsplit(url)
    assert target.hostname
    assert target.port
    loop = asyncio.new_event_loop()
    relay = _Relay(target.hostname, target.port, seconds)
    server = loop.run_until_complete(asyncio.start_server(relay.serve, "127.0.0.1", 0, backlog=512))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end(server))
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Relay:
    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._host = host
        self._port = port
        self._seconds = seconds

    async def serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Relay one connection until either side ends it."""
        far, on = await asyncio.open_connection(self._host, self._port)
        try:
            await asyncio.gather(self._copy(near, on, self._seconds), self._copy(far, back, 0))
        except ConnectionError:
            pass
        finally:
            on.close()
            back.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
        """Copy; a request in two pieces is held back once, for the second is under way meanwhile."""
        loop, free_at = asyncio.get_running_loop(), 0.0
        while data := await source.read(65536):
            now = loop.time()
            if now > free_at:  # a new request: the pieces of one come within a millisecond or two
                await asyncio.sleep(seconds)
            free_at = loop.time() + 0.005 if seconds else 0.0
            sink.write(data)
            await sink.drain()
        sink.close()
