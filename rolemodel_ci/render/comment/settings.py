"""What a request alters in the config, in words: what weakens something for the box, the rest as a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rolemodel_ci.access_request.request import Request
from rolemodel_ci.access_request.setting_changes import Setting
from rolemodel_ci.render.comment.markup import few, name, words
from rolemodel_ci.render.comment.truncate import Part


def setting_risks(request: Request) -> Iterator[str]:
    """Settings that deserve a second look, and why."""
    for text, risk in _told(setting for setting in request.settings if setting.risk):
        yield f"**Config:** {text}; {words(risk)}."


def setting_parts(request: Request) -> Iterator[Part]:
    """The other settings, one line for each."""
    rows = tuple(f"- {text}." for text, _ in _told(s for s in request.settings if not s.risk))
    if rows:
        yield Part("**Config:**\n", rows, rank=2, noun="setting")


def _told(settings: Iterable[Setting]) -> Iterator[tuple[str, str]]:
    """Sentence and risk of each setting; accounts of which the same is altered share one."""
    accounts: dict[tuple[str, str | None, str | None, str], list[str]] = {}
    for setting in settings:
        same = (setting.key, setting.before, setting.after, setting.risk)
        accounts.setdefault(same, []).extend([setting.account] if setting.account else [])
    for (key, before, after, risk), names in accounts.items():
        if key == "protected":
            yield (
                (f"{name(before)} is **no longer protected**" if before else f"{name(after or '')} is protected"),
                risk,
            )
        else:
            yield _altered(name(key) + (f" of {few(names)}" if names else ""), before, after), risk


def _altered(what: str, before: str | None, after: str | None) -> str:
    if after is None:
        return f"{what} is **no longer** {value_of(before or '')}"
    if before is None:
        return f"{what} is now **{value_of(after)}**"
    return f"{what} goes from {value_of(before)} to **{value_of(after)}**"


def value_of(text: str) -> str:
    """A value as it is shown: one that is empty, too."""
    return name(text or '""')
