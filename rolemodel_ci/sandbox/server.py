"""The server process: `python -m rolemodel_ci.sandbox.server`.

Prints one line `{"url": "http://127.0.0.1:PORT"}` when it is ready. Ends on SIGTERM, and when its standard input is
closed, so that it cannot outlive the process that started it.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from typing import Any

from rolemodel_ci.sandbox.call_counter import CallCounter
from rolemodel_ci.sandbox.strictness import install

GROUPS_QUOTA = "SANDBOX_GROUPS_QUOTA"
"""Environment variable: how many IAM groups an account may hold. AWS gives 300 and, on request, up to 500."""


def main() -> None:
    """Serve until told to stop."""
    with tempfile.TemporaryDirectory(prefix="rolemodel-ci-sandbox-") as state:
        _settle_environment(state)
        application = importlib.import_module("ministack.app").app
        install(groups_quota=int(os.environ.get(GROUPS_QUOTA, "300")))
        asyncio.run(_serve(CallCounter(application), socket.create_server(("127.0.0.1", 0), backlog=512)))


def _settle_environment(state: str) -> None:
    """Everything ministack reads from the environment at import, set before it is imported."""
    port_less = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "0"}
    # No Docker: a sandbox for roles has no business with the daemon of the machine it runs on.
    quiet = {"LOG_LEVEL": "ERROR", "PERSIST_STATE": "0", "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    os.environ.update({"AUTH": "true", "STATE_DIR": state, **port_less, **quiet})


async def _serve(application: CallCounter, listener: socket.socket) -> None:
    config = importlib.import_module("hypercorn.config").Config()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config.bind = [f"fd://{listener.detach()}"]  # hypercorn closes it
    config.graceful_timeout = 0.2
    config.keep_alive_timeout = 600.0
    config.errorlog = "-"
    config.loglevel = "ERROR"
    importlib.import_module("ministack.core.hypercorn_compat").install()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    threading.Thread(target=_watch_parent, args=(loop, stop), daemon=True).start()
    serve: Any = importlib.import_module("hypercorn.asyncio").serve
    _announce(address)
    await serve(application, config, shutdown_trigger=stop.wait)


def _announce(address: str) -> None:
    """Tell the address, then let nothing else reach standard output: nobody reads it from here on."""
    print(json.dumps({"url": address}), flush=True)
    os.dup2(2, 1)


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # The raw descriptor: a buffered read would hold a lock that the interpreter wants at exit.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    main()
