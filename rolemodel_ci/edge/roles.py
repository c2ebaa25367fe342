"""The roles of an account that its stack does not hold."""

from __future__ import annotations

from rolemodel_ci.edge.calling import calling
from rolemodel_ci.edge.sessions import Sessions
from rolemodel_ci.errors import CallFailed
from rolemodel_ci.model import Account


class AwsRoleReader:
    """Looks for roles by name, with iam:GetRole."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def exists(self, account: Account, name: str) -> bool:
        """Whether the account has a role of that name. Raises NoAccess, and CallFailed where that may not be asked."""
        self._sessions.identity(account.name)
        client = self._sessions.client(account.name, "iam")
        try:
            with calling("iam:GetRole", self._sessions.label(account.name)):
                client.get_role(RoleName=name)
        except CallFailed as failed:
            if failed.code == "NoSuchEntity":
                return False
            raise
        return True
