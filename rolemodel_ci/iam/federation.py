"""Whether a trust in an identity provider lets in everybody who has an account there, or only some.

A provider that many companies share vouches for all of them: of such, a condition has to name the company. What is
said of a provider by its own page stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_EXACT = ("StringEquals", "StringEqualsIgnoreCase")
_LIKE = "StringLike"

_WILD = re.compile(r"[*?]")


class Claim(NamedTuple):
    """One test of a condition: its operator, its key in lower case, and its values; None for one that is no text."""

    operator: str
    key: str
    values: tuple[str | None, ...]


def _names(*words: str) -> re.Pattern[str]:
    """What a subject says before its first wildcard that names whose it is: a whole name behind one of the words."""
    return re.compile(rf"(?:^|:)(?:{'|'.join(words)}):[^:/*?$]+(?:[:/]|\Z)")


_ANY_TEXT = re.compile(r".", re.DOTALL)
_ONE = re.compile(r"(?s:.)")  # and no pattern

# By the beginning of the provider's address: the claims of which one has to be tested, and what its values have to say.
_SHARED: tuple[tuple[str, dict[str, re.Pattern[str]]], ...] = (
    # https://docs.github.com/en/actions/reference/security/oidc, and the keys of AWS for it:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    (
        "token.actions.githubusercontent.com",
        {
            "sub": _names(
                "repo", "repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref"
            ),
            "repository": re.compile(r"[^/*?$]+/"),
            "job_workflow_ref": re.compile(r"[^/*?$]+/"),
            **dict.fromkeys(("repository_id", "repository_owner", "repository_owner_id"), _ONE),
        },
    ),
    # https://docs.gitlab.com/ci/secrets/id_token_authentication/
    ("gitlab.com", {"sub": _names("project_path")}),
    # https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens
    ("app.terraform.io", {"sub": _names("organization")}),
    # https://buildkite.com/docs/pipelines/security/oidc
    ("agent.buildkite.com", {"sub": _names("organization")}),
    # https://vercel.com/docs/oidc/reference
    ("oidc.vercel.com", {"sub": _names("owner")}),
    # Those that AWS knows without a provider in the account:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    ("cognito-identity.amazonaws.com", {"aud": _ONE}),
    ("accounts.google.com", dict.fromkeys(("aud", "oaud", "sub"), _ONE)),
    ("graph.facebook.com", dict.fromkeys(("app_id", "id"), _ONE)),
    ("www.amazon.com", dict.fromkeys(("app_id", "user_id"), _ONE)),
)

_OIDC, _SAML = ":oidc-provider/", ":saml-provider/"


def lets_in_all(provider: str, claims: Iterable[Claim]) -> bool:
    """Whether everybody whom a provider vouches for is let in. All claims have to be met."""
    claims = tuple(claims)
    if _WILD.search(provider) or not provider:
        return True
    if _SAML in provider:
        return not any(claim.key.startswith("saml:") and _all(claim, _ANY_TEXT) for claim in claims)
    host = provider.partition(_OIDC)[2] or provider
    known = "$" not in host and "{" not in host and not host.startswith("arn:")
    return not any(_narrows(claim, host.lower() if known else "") for claim in claims)


def _narrows(claim: Claim, host: str) -> bool:
    """Whether a claim leaves only some. Without a host, it is the one that the claim is about."""
    about, _, name = claim.key.rpartition(":")
    if host and about != host:
        return False
    if not host and about == "saml":
        return _all(claim, _ANY_TEXT)
    shared = next((rules for start, rules in _SHARED if about == start or about.startswith(f"{start}/")), None)
    if shared is None:
        return bool(about) and (name == "sub" or (bool(host) and name == "aud")) and _all(claim, _ANY_TEXT)
    return name in shared and _all(claim, shared[name])


def _all(claim: Claim, form: re.Pattern[str]) -> bool:
    """Whether whichever value the claim meets says enough."""
    operator = claim.operator.removeprefix("ForAnyValue:")
    if not claim.values or operator not in (*_EXACT, _LIKE):
        return False
    return all(_says(form, value, operator == _LIKE) for value in claim.values)


def _says(form: re.Pattern[str], value: str | None, is_pattern: bool) -> bool:
    """Whether a value surely has the form. Of a pattern, what comes before its first wildcard counts; a text that only
    AWS knows says enough where it is compared as it is.
    """
    if value is None or "${" in value or "{{" in value:
        return not is_pattern
    wild = _WILD.search(value) if is_pattern else None
    if wild is None:
        return bool(form.search(value))
    found = form.search(value[: wild.start()]) if form is not _ONE else None
    return found is not None and (form is _ANY_TEXT or found.end() < wild.start() or value[wild.start() - 1] in ":/")
