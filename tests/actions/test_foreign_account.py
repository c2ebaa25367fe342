"""One account whose stack somebody else has taken: the run leaves it alone, does the rest, and is no success."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rolemodel_ci.sandbox.embedded import EmbeddedAws

from .workshop import PROD, USERS, Workshop, access, role, template

WIDER = template(Admin=role("*"), Reader=role("s3:List*"))
ASKED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, dave]").replace("[alice, bob, carol]", "[alice, dave]")
DONE = {
    "RM.prod.Admin": {"carol"}, "RM.prod.Reader": {"alice"},
    "RM.dev.Admin": {"alice", "dave"}, "RM.dev.Reader": set[str](),
}  # fmt: skip


def taken(shop: Workshop) -> Any:
    """The stack of prod, which belongs to another owner by now."""
    stacks = shop.aws.client("cloudformation", PROD)
    stacks.update_stack(
        StackName="RoleModel", UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "AssumingAccountID", "UsePreviousValue": True}],
        Tags=[{"Key": "rolemodel-ci:owner", "Value": "web"}],
    )  # fmt: skip
    return stacks


def template_of(stacks: Any) -> Any:
    return stacks.get_template(StackName="RoleModel")["TemplateBody"]


def test_push_leaves_the_account_alone_and_does_the_rest(aws: EmbeddedAws, tmp_path: Path) -> None:
    with Workshop(tmp_path, aws) as shop:
        shop.rolled_out()
        stacks, first = taken(shop), shop.hosted.tip
        before = template_of(stacks)
        merge = shop.hosted.request(access(ASKED, roles=WIDER))

        opened = shop.run(shop.opened(merge))
        assert opened.code == 5, opened.log  # dave cannot be let in
        assert "**The merge would leave account `prod` alone.** `foreign-stack`" in shop.comments()[0]

        done = shop.run(shop.merged(merge))
        assert (done.code, done.outputs["result"]) == (4, "incomplete"), done.log
        assert shop.members() == DONE
        assert template_of(stacks) == before
        comment = shop.comments()[-1]
        assert "refused in `prod` by a guard, elsewhere applied" in comment
        assert "> - `foreign-stack`: the stack `RoleModel` of `prod` is of the owner `web`" in comment
        assert [(one["guard"], one["account"]) for one in done.record["refusals"]] == [("foreign-stack", "prod")]
        assert (done.record["complete"], done.record["exit_code"]) == (False, 4)
        assert shop.remembered is not None
        assert (shop.remembered.approved_commit, shop.remembered.applied_commit) == (first, first)

        again = shop.run(shop.pushed(*shop.hosted.push({"README.md": "Later."}), run=4712))
        assert (again.code, again.outputs["result"]) == (4, "refused"), again.log
        assert shop.members() == DONE

        shop.run(shop.by_hand(run=4713, inputs={"repair": "everything", "allow": "foreign-stack"}))
        assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}
        assert shop.remembered.applied_commit == shop.hosted.tip


def test_nightly_repair_does_the_same(aws: EmbeddedAws, tmp_path: Path) -> None:
    with Workshop(tmp_path, aws) as shop:
        shop.rolled_out()
        stacks = taken(shop)
        text = template_of(stacks)
        stacks.update_stack(
            StackName="RoleModel", TemplateBody=template(Admin=role("*")), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": "AssumingAccountID", "UsePreviousValue": True}],
        )  # fmt: skip
        shop.put({"RM.dev.Reader": {"dave"}, "RM.prod.Admin": {"carol", "dave"}})
        done = shop.run(shop.nightly(inputs={"repair": "everything"}))
        assert (done.code, done.outputs["result"]) == (4, "incomplete"), done.log
        assert shop.members()["RM.dev.Reader"] == set()
        assert shop.members()["RM.prod.Admin"] == {"carol"}
        assert template_of(stacks) != text
        assert "refused in `prod` by a guard" in done.summary
