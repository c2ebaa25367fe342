"""A company that GitHub Actions gets into, for the tests of how: one way or the other, with everything noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs

from actions.company import Via
from actions.front import StsFront
from actions.front_rules import Headers, Reply, Upstream
from actions.issuer import Issuer

from rolemodel_ci.adapters.aws.credential_sources import MASTER, AccountCredentials, github_doors, session_name
from rolemodel_ci.adapters.aws.sessions import Sessions
from rolemodel_ci.adapters.github.oidc import RunnerTokens
from rolemodel_ci.adapters.github.runner import Oidc
from rolemodel_ci.model.desired import Account, GithubOidc, Policy, Template
from rolemodel_ci.model.problem import Place
from rolemodel_ci.sandbox.embedded import EmbeddedAws
from rolemodel_ci.sandbox.fixtures import PLAN_ROLE

from .surroundings import DEV, PROD
from .surroundings import MASTER as MASTER_ID

PLACE = Place("access/config.yml", 7, 5)
NAMES = {MASTER: MASTER_ID, "prod": PROD, "dev": DEV, "main": MASTER_ID}
ACCOUNTS = tuple(Account(name, PLACE, account_id=id_) for name, id_ in NAMES.items() if name)
POLICY = Policy("access/config.yml", MASTER_ID, ACCOUNTS, Template("roles.yml", "", {}, (), (), {}))
RUN = session_name("acme/access", "4711")


class Listener(StsFront):
    """A front that notes the secrets which reach it before they were hidden."""

    hidden: list[str]
    early: list[str]

    def answer(self, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes) -> Reply:
        """Look, then do as always."""
        seen = parse_qs(body.decode()).get("WebIdentityToken", [])
        seen += [value for name, value in headers if name.lower() == "x-amz-security-token"]
        self.early += [secret for secret in seen if secret not in self.hidden]
        return super().answer(upstream, method, target, headers, body)


@dataclass
class Company:
    """A company that lets GitHub in one way or the other, and what a run hides."""

    issuer: Issuer
    front: Listener
    policy: Policy
    hidden: list[str] = field(default_factory=list)

    def doors(self, role: str = PLAN_ROLE, audience: str = "sts.amazonaws.com") -> dict[str, AccountCredentials]:
        """The doors of a run."""
        oidc = Oidc(self.issuer.request_url, self.issuer.request_token)
        return github_doors(self.policy, role, RUN, RunnerTokens(oidc, audience, self.hidden.append).fresh)

    def sessions(self, doors: Mapping[str, AccountCredentials] | None = None) -> Sessions:
        """The sessions of a run."""
        return Sessions(doors or self.doors(), "us-east-1", 16, self.front.url, self.hidden.append)


def entering(furnished: Mapping[Via, EmbeddedAws], via: Via) -> Iterator[Company]:
    """The company with its servers for one test; afterwards, that no secret was used before it was hidden."""
    policy = replace(POLICY, github_oidc=GithubOidc(PLAN_ROLE, "rolemodel-ci-apply", via=via))
    with Issuer() as issuer, Listener(furnished[via], issuer) as front:
        company = Company(issuer, front, policy)
        front.hidden, front.early = company.hidden, []
        yield company
        assert front.early == []
