"""What of its environment a run in GitHub Actions heeds: what would lead its traffic elsewhere, or open it, is not.

Every step of the job before this one can set variables for it. Those of a runner that reaches the network by a proxy
are heeded where the workflow says so, in the input `network`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, MutableMapping
from enum import StrEnum
from urllib.parse import urlsplit

ENDPOINT = "AWS_ENDPOINT_URL"

_HARMLESS = ("AWS_MAX_ATTEMPTS", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT")
"""How often a call is tried, and which of AWS's own endpoints are called."""

# Where calls go, by what they go, whose certificates count, where the keys of TLS are written, and all of Git's own:
# https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
# https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification and #proxies
# https://git-scm.com/book/en/v2/Git-Internals-Environment-Variables
_NETWORK = re.compile(
    r"(?i:https?|all|no|ftp)_(?i:proxy)|AWS_ENDPOINT_URL(_\w+)?|(AWS|REQUESTS|CURL)_CA_BUNDLE|SSL_CERT_(FILE|DIR)"
    r"|SSLKEYLOGFILE|GIT_(?!PYTHON_)\w+"
)


class Network(StrEnum):
    """How a run reaches AWS and GitHub: by itself, or as its environment says."""

    DIRECT = "direct"
    ENVIRONMENT = "environment"


def is_local(address: str) -> bool:
    """Whether an address is one of this machine."""
    try:
        return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")
    except ValueError:
        return False


def local_aws(environment: Mapping[str, str]) -> str | None:
    """An AWS on this machine, as tests have it: the only one that a run goes to without being told so by its input."""
    address = environment.get(ENDPOINT, "")
    return address if is_local(address) else None


def steering(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that are set and would steer a run's traffic, sorted; an AWS on this machine is none."""
    found = (name for name, value in environment.items() if value and _NETWORK.fullmatch(name))
    return tuple(sorted(name for name in found if name != ENDPOINT or local_aws(environment) is None))


@contextlib.contextmanager
def put_away(environment: MutableMapping[str, str]) -> Iterator[None]:
    """Meanwhile nothing in the environment steers the run's traffic, nor says whose credentials it has."""
    names = [name for name in environment if _NETWORK.fullmatch(name) or name.startswith("AWS_")]
    kept = {name: environment.pop(name) for name in names if name not in _HARMLESS}
    try:
        yield
    finally:
        environment.update(kept)
