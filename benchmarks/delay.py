"""A TCP relay on 127.0.0.1 that holds everything back for a while, in both directions together: a far-away AWS."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import statistics
import threading
import time
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


def longer(url: str, than: str, times: int = 15) -> float:
    """Seconds that a request to `url` takes longer than one to `than`, where nothing else is going on: medians."""
    return statistics.median(_trips(url, times)) - statistics.median(_trips(than, times))


def _trips(url: str, times: int) -> list[float]:
    target, trips = urlsplit(url), []
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
    for _ in range(times):
        began = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        trips.append(time.perf_counter() - began)
    connection.close()
    return trips


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
            answered = asyncio.Event()
            answered.set()
            await asyncio.gather(self._requests(near, on, answered), self._answers(far, back, answered))
        except ConnectionError:
            pass
        finally:
            on.close()
            back.close()

    async def _requests(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answered: asyncio.Event
    ) -> None:
        """Copy; a request in two pieces is held back once. What follows an answer is a new one, however soon."""
        while data := await source.read(65536):
            if answered.is_set():
                answered.clear()
                await asyncio.sleep(self._seconds)
            sink.write(data)
            await sink.drain()
        sink.close()

    async def _answers(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answered: asyncio.Event) -> None:
        while data := await source.read(65536):
            answered.set()
            sink.write(data)
            await sink.drain()
        sink.close()
