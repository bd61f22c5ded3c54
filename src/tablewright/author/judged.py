"""An edit judged by ``tablewright check``: one that would leave the template wrong is refused, with the reason."""

from __future__ import annotations

from collections import Counter

from tablewright.author.dangling import dangling
from tablewright.author.editing import Text
from tablewright.errors import Refused
from tablewright.lint.check import check
from tablewright.lint.options import Options
from tablewright.lint.sources import Source
from tablewright.model.finding import Finding, Severity


def judge(before: Text, after: Text) -> tuple[Finding, ...]:
    """What the edit brings that is worth saying (warnings). Raises Refused for an error that was not there before,
    and for a reference to what the edit takes out.
    """
    lost = dangling(before, after)
    if lost:
        said = "\n".join(f"  {one}" for one in lost[:5])
        more = f"\n  and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise Refused(
            "edit-would-be-wrong",
            "The edit would leave the template wrong",
            f"In {before.path} what is taken out is still referred to:\n\n{said}{more}\n\nCloudFormation refuses a reference to "
            "nothing. Take these out first. The file is unchanged.",
        )
    standing = _findings(before)
    known = Counter(_same(one) for one in standing)
    new = []
    for finding in _findings(after):
        if known[_same(finding)]:
            known[_same(finding)] -= 1
        else:
            new.append(finding)
    # A warning that was there before, in other words now, is no news; an error that was is looked at word by word.
    about = Counter((one.rule, one.resource) for one in standing)
    errors = [one for one in new if one.severity is Severity.ERROR]
    if errors:
        said = "\n".join(f"  {one.rule} {one.message}" for one in errors[:5])
        first = errors[0]
        more = f"\n\n{first.why}" if first.why else ""
        raise Refused(
            "edit-would-be-wrong",
            "The edit would leave the template wrong",
            f"{before.path} would then have:\n\n{said}{more}\n\nThe file is unchanged.",
            f"tablewright explain {first.rule}" if first.origin == "tablewright" else None,
        )
    return tuple(one for one in new if one.severity is Severity.WARNING and not about[one.rule, one.resource])


def _findings(text: Text) -> tuple[Finding, ...]:
    report = check([Source(text.path, text.text.encode(), True)], Options())
    return tuple(one for one in report.findings if not one.ignored)


def _same(finding: Finding) -> tuple[str, str, str]:
    return (finding.rule, finding.resource, finding.message)
