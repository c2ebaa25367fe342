"""What a run finds around it: an environment without anybody's AWS, and AWS files with the profiles of a test."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

MASTER, PROD, DEV = "111111111111", "222222222222", "333333333333"


def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the AWS settings, the proxies and the Git settings of whoever runs the tests out of the environment."""
    for name in os.environ:
        if name.startswith(("AWS_", "ROLEMODEL_", "GIT_", "GITHUB_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


class AwsFiles:
    """The AWS config and credentials files of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._config, self._credentials = directory / "aws-config", directory / "aws-credentials"
        monkeypatch.setenv("AWS_CONFIG_FILE", str(self._config))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self._credentials))

    def write(self, profiles: Mapping[str, Mapping[str, str]], keys: Mapping[str, tuple[str, str]]) -> None:
        """Profiles with their settings go into the config, access keys by profile into the credentials."""
        sections = ((f"profile {name}", settings) for name, settings in profiles.items())
        self._config.write_text("".join(_section(name, settings) for name, settings in sections), encoding="utf-8")
        self._credentials.write_text(
            "".join(
                _section(name, {"aws_access_key_id": access, "aws_secret_access_key": secret})
                for name, (access, secret) in keys.items()
            ),
            encoding="utf-8",
        )

    def keys(self, **accounts: str) -> None:
        """Profiles whose access key is the id of the account, as the scripted server and ministack's root have it."""
        self.write({}, {name: (account, "secret") for name, account in accounts.items()})

    def switching(self, key: tuple[str, str], role: str, **accounts: str) -> None:
        """Profiles that switch from the user of that key into a role of each account."""
        arns = {name: f"arn:aws:iam::{account}:role/{role}" for name, account in accounts.items()}
        self.write({name: {"role_arn": arn, "source_profile": "ci"} for name, arn in arns.items()}, {"ci": key})


def _section(name: str, settings: Mapping[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()) + "\n"
