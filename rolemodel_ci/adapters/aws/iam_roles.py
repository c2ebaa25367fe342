"""The roles of an account that its stack does not hold."""

from __future__ import annotations

from rolemodel_ci.adapters.aws.errors import calling
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.errors import AwsCallError
from rolemodel_ci.model.desired import Account


class AwsRoleReader:
    """Looks for roles by name, with iam:GetRole."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def exists(self, account: Account, name: str) -> bool:
        """Return whether the account has the role. Raises CredentialsError, and AwsCallError where asking is denied."""
        self._sessions.identity(account.name)
        client = self._sessions.client(account.name, "iam")
        try:
            with calling("iam:GetRole", self._sessions.label(account.name)):
                client.get_role(RoleName=name)
        except AwsCallError as failed:
            if failed.code == "NoSuchEntity":
                return False
            raise
        return True
