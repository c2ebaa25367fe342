"""The story of an access request, from the pull request to the nightly run, told once for whatever runs the command."""

from __future__ import annotations

from .workshop import MASTER, USERS, Workshop, access

WANTED = USERS.replace("Reader: [alice, bob]", "Reader: [alice, {user: dave, reason: 'OPS-1423'}]")


def tell(shop: Workshop) -> None:
    """Open, push again, merge, look, meddle, look again."""
    before, tip = shop.hosted.push({"README.md": "Access of acme."})
    first = shop.run(shop.pushed(before, tip))
    assert first.code == 0, first.log
    assert shop.members()["RM.prod.Reader"] == {"alice", "bob"}

    merge = shop.hosted.request(access(WANTED, via=shop.via))
    opened = shop.run(shop.opened(merge))
    assert opened.code == 0, opened.log
    (comment,) = shop.comments()
    assert "### Access change: 1 grant, 1 revocation" in comment
    assert "| ➕ **gains** | `dave` | `prod` | `Reader` |" in comment
    assert "| ➖ **loses** | `bob` | `prod` | `Reader` |" in comment
    assert (opened.outputs["grants"], opened.outputs["revocations"], opened.outputs["drift"]) == ("1", "1", "0")
    assert opened.outputs["comment-url"]
    made = shop.github.comments(7)[0]

    merge = shop.hosted.request(access(WANTED + "  Reader: [carol]\n", via=shop.via))
    again = shop.run(shop.opened(merge, "synchronize"))
    assert again.code == 0, again.log
    (changed,) = shop.github.comments(7)
    assert (changed.id, changed.created_at) == (made.id, made.created_at)
    assert "### Access change: 2 grants, 1 revocation" in changed.body
    assert shop.members()["RM.prod.Reader"] == {"alice", "bob"}

    done = shop.run(shop.merged(merge))
    assert done.code == 0, done.log
    assert shop.members()["RM.prod.Reader"] == {"alice", "dave"}
    assert shop.members()["RM.dev.Reader"] == {"carol"}
    _, outcome = shop.comments()
    assert "### Access change: applied" in outcome
    assert "✅ **gained** | `dave`" in outcome
    assert "signin.aws.amazon.com/switchrole" in outcome
    assert done.outputs["result"] == "applied"

    quiet = shop.run(shop.nightly())
    assert (quiet.code, quiet.outputs["result"]) == (0, "no-drift"), quiet.log

    shop.aws.client("iam", MASTER).add_user_to_group(GroupName="RM.prod.Admin", UserName="bob")
    shop.aws.mark()
    noticed = shop.run(shop.nightly())
    assert (noticed.code, noticed.outputs["result"], noticed.outputs["drift"]) == (6, "drift", "1"), noticed.log
    assert "| ➖ **loses** | `bob` | `prod` | `Admin` · **admin** | member | not granted |" in noticed.summary
    assert shop.aws.writes() == {}

    assert shop.github.violations == []
