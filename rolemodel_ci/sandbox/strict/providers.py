"""AWS::IAM::OIDCProvider, a kind of resource that ministack's CloudFormation does not have.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-oidcprovider.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rolemodel_ci.sandbox.strict.emulator import Emulator, Parameters, Reply

_TYPE = "AWS::IAM::OIDCProvider"
_MOST_AUDIENCES = 100  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

Properties = Mapping[str, Any]
Made = tuple[str, dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Teach ministack's CloudFormation the resource; the stored providers are those of its IAM."""
    table = emulator.provisioners._RESOURCE_HANDLERS
    if _TYPE in table:
        raise RuntimeError(f"ministack has learned {_TYPE}; the sandbox must be adapted")
    providers = _Providers(emulator.iam)
    table[_TYPE] = {"create": providers.create, "update": providers.update, "delete": providers.delete}


class _Providers:
    """Its methods are what ministack calls; ValueError fails the resource with that reason."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def create(self, _logical_id: str, properties: Properties, _stack_name: str) -> Made:
        _check(properties)
        answer = self._call(self._iam._create_oidc_provider, _request(properties))
        arn = re.search(r"<OpenIDConnectProviderArn>(.+?)</", answer)
        assert arn is not None
        return arn[1], {"Arn": arn[1]}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack_name: str) -> Made:
        _check(new)
        if old["Url"] != new["Url"]:
            raise ValueError("AWS would make another provider for another URL; the sandbox does not.")
        stored = self._iam._oidc_providers[physical_id]
        stored["ClientIDList"] = list(new.get("ClientIdList", []))
        stored["ThumbprintList"] = list(new.get("ThumbprintList", []))
        return physical_id, {"Arn": physical_id}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._iam._oidc_providers.pop(physical_id, None)

    def _call(self, handler: Callable[[Parameters], Reply], request: Parameters) -> str:
        status, _, body = handler(request)
        text = body.decode()
        if status >= 400:
            reason = re.search(r"<Message>(.*?)</Message>", text)
            raise ValueError(f"{reason[1] if reason else text} (Service: Iam, Status Code: {status})")
        return text


def _check(properties: Properties) -> None:
    if not re.fullmatch(r"https://[^\s?#]+", str(properties.get("Url", ""))):
        raise ValueError("Invalid Open ID Connect Provider URL")
    if len(properties.get("ClientIdList", [])) > _MOST_AUDIENCES:
        raise ValueError(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {_MOST_AUDIENCES}")


def _request(properties: Properties) -> dict[str, list[str]]:
    """The resource as CreateOpenIDConnectProvider is asked for it."""
    request = {"Url": [str(properties["Url"])]}
    for name, key in (("ClientIDList", "ClientIdList"), ("ThumbprintList", "ThumbprintList")):
        request |= {f"{name}.member.{i}": [value] for i, value in enumerate(properties.get(key, []), 1)}
    return request
