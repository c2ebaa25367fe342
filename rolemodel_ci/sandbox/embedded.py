"""The embedded AWS as its user sees it: a context manager around the server process."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, NamedTuple, Self

import botocore.config
import botocore.session
import requests

from rolemodel_ci.errors import RolemodelError, UsageError
from rolemodel_ci.sandbox.aws_request import writes

REGION = "us-east-1"
_START_SECONDS, _STOP_SECONDS = 30, 5
_SERVER = "rolemodel_ci.sandbox.server"


class SandboxError(RolemodelError):
    """The embedded AWS did not start or no longer answers."""

    exit_code: ClassVar[int] = 3


class Key(NamedTuple):
    """An access key, and the session token where it is a temporary one."""

    access_key: str
    secret_key: str
    token: str | None = None


class EmbeddedAws:
    """An AWS for as long as the `with` block lasts. Empty at first: `furnish` puts accounts and users in.

    `groups_quota` is how many IAM groups an account may hold.
    """

    def __init__(self, *, groups_quota: int = 300) -> None:
        self._groups_quota = groups_quota
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""
        self._errors: IO[bytes] | None = None
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy stands between us and 127.0.0.1
        self._lock = threading.Lock()
        self._session = _session_without_files()
        self._clients: dict[tuple[str, Key], Any] = {}

    def __enter__(self) -> Self:
        """Start the server and wait until it answers."""
        if importlib.util.find_spec("ministack") is None:
            raise UsageError(
                "The embedded AWS is not installed.",
                "In a clone of the project: pip install '.[sandbox]', or for the image: make image EXTRA=sandbox.",
            )
        self._errors = tempfile.TemporaryFile(prefix="rolemodel-ci-sandbox-")
        try:
            self._process = self._start(self._errors)
            self._url = self._wait_until_ready(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server, whatever happened."""
        self._stop()

    @property
    def url(self) -> str:
        """The endpoint of every service: `http://127.0.0.1:PORT`."""
        return self._url

    @property
    def pid(self) -> int:
        """The process id of the server."""
        if self._process is None:
            raise SandboxError("The embedded AWS is not running.", "Use it inside its with block.")
        return self._process.pid

    def root(self, account_id: str) -> Key:
        """A key that acts as the root of that account: nothing is denied to it."""
        return Key(account_id, "root")

    def client(self, service: str, account_id: str) -> Any:
        """A botocore client that acts as the root of that account."""
        return self.client_as(service, self.root(account_id))

    def client_as(self, service: str, key: Key) -> Any:
        """A botocore client with that key. Made once and kept; clients are safe to share between threads."""
        with self._lock:  # making clients is not
            if (service, key) not in self._clients:
                self._clients[service, key] = self._session.create_client(
                    service,
                    region_name=REGION,
                    endpoint_url=self._url,
                    aws_access_key_id=key.access_key,
                    aws_secret_access_key=key.secret_key,
                    aws_session_token=key.token,
                    config=_CONFIG,
                )
            return self._clients[service, key]

    def calls(self) -> dict[str, int]:
        """Every AWS call since the mark, by `service:Action`."""
        return self._control("GET", "calls")["calls"]

    def writes(self) -> dict[str, int]:
        """Those of the calls that change something, refused ones included."""
        return {name: count for name, count in self.calls().items() if writes(name)}

    def refused(self) -> dict[str, int]:
        """Those of the calls that were answered with an error."""
        return self._control("GET", "calls")["refused"]

    def mark(self) -> None:
        """Begin to count anew."""
        self._control("POST", "mark")

    def freeze(self) -> None:
        """Answer AccessDenied to every call that would write, until `thaw`."""
        self._control("POST", "freeze")

    def thaw(self) -> None:
        """Allow writing again."""
        self._control("POST", "thaw")

    def empty(self) -> None:
        """Take everything out: accounts, users, stacks. Counts stay."""
        self._request("POST", "/_ministack/reset")

    def _control(self, method: str, command: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = self._request(method, f"/_sandbox/{command}").json()
        return found

    def _request(self, method: str, path: str) -> requests.Response:
        try:
            with self._lock:  # a requests session is not safe to share between threads
                answer = self._http.request(method, self._url + path, timeout=30)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise self._failed(f"The embedded AWS does not answer: {type(error).__name__}.") from error
        return answer

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # -P: the working directory is somebody's repository; nothing is to be imported from it.
            [sys.executable, "-P", "-m", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(self._groups_quota),
            start_new_session=True,  # Ctrl-C is the parent's; the server ends when the parent is done
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str:
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        assert process.stdout is not None
        threading.Thread(target=lambda out=process.stdout: lines.put(out.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            raise self._failed(f"The embedded AWS did not start within {_START_SECONDS} s.") from None
        if not line:
            raise self._failed("The embedded AWS ended while it was starting.")
        return str(json.loads(line)["url"])

    def _failed(self, message: str) -> SandboxError:
        return SandboxError(message, f"What the server said last:\n{self._last_words()}")

    def _last_words(self) -> str:
        if self._errors is None or self._errors.closed:
            return "(nothing)"
        # The server writes to the same open file, and so shares its position: read by offset, never seek.
        size = os.fstat(self._errors.fileno()).st_size
        tail = os.pread(self._errors.fileno(), 2000, max(0, size - 2000))
        return tail.decode("utf-8", "replace").strip() or "(nothing)"

    def _stop(self) -> None:
        process, self._process = self._process, None
        try:
            if process is not None:
                _end(process)
        finally:
            self._clients.clear()
            self._http.close()
            if self._errors is not None:
                self._errors.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closing its standard input asks the server to end; killing it makes sure."""
    try:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(timeout=_STOP_SECONDS)
    except (subprocess.TimeoutExpired, OSError):
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


_CONFIG = botocore.config.Config(
    retries={"mode": "standard", "total_max_attempts": 1},  # a refusal is to be seen at once
    max_pool_connections=32,
    proxies={},
    parameter_validation=True,
)


def _session_without_files() -> Any:
    """A botocore session that reads none of the AWS configuration of whoever runs this."""
    nothing = (None, None, os.devnull, None)
    variables = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    return botocore.session.Session(session_vars=variables)


def _environment(groups_quota: int) -> Mapping[str, str]:
    """This process's environment without its AWS credentials and without what would configure ministack."""
    foreign = ("AWS_", "MINISTACK_", "LAMBDA_", "LOCALSTACK_", "USE_SSL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    above = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (above, kept.get("PYTHONPATH", "")) if part)
    return {**kept, "PYTHONPATH": path, "SANDBOX_GROUPS_QUOTA": str(groups_quota)}
