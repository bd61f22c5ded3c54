"""Every symptom asked of every table: what was found, what is clear, and what cannot be told."""

from __future__ import annotations

from tablewright.model.diagnosis import Diagnosis, Looked, Sure
from tablewright.watch import symptoms as symptoms
from tablewright.watch.observation import Observation
from tablewright.watch.symptom import SYMPTOMS, Unknown

__all__ = ["PROBLEMS", "diagnose"]

PROBLEMS = (
    "provisioned-throttling",
    "hot-partition",
    "on-demand-ceiling",
    "account-limit",
    "index-back-pressure",
    "high-latency",
    "system-errors",
    "user-errors",
    "stale-ttl",
    "stream-lag",
    "cost-surge",
    "scan-waste",
    "unused-index",
    "over-provisioned",
)
"""Every problem that can be named, in the order of reports: what refuses requests first, what costs money last."""
_ORDER = {Sure.CERTAIN: 0, Sure.LIKELY: 1, Sure.POSSIBLE: 2}


def diagnose(seen: Observation) -> tuple[tuple[Diagnosis, ...], tuple[Looked, ...]]:
    """The diagnoses, surest first, and every question with its answer. An answer that is unknown is no all-clear."""
    found: list[Diagnosis] = []
    looked: list[Looked] = []
    for symptom in (SYMPTOMS[code] for code in PROBLEMS):
        for table in seen.tables[:1] if symptom.account else seen.tables:
            subject = "account" if symptom.account else table.name
            answers = list(symptom.ask(seen, table))
            named = [each for each in answers if isinstance(each, Diagnosis)]
            unknown = [each for each in answers if isinstance(each, Unknown)]
            found += named
            if named:
                looked.append(Looked(symptom.code, subject, "found", "; ".join(d.subject for d in named)))
            elif unknown:
                looked.append(Looked(symptom.code, subject, "unknown", "; ".join(each.why for each in unknown)))
            else:
                looked.append(Looked(symptom.code, subject, "clear"))
    found.sort(key=lambda each: (_ORDER[each.sure], PROBLEMS.index(each.problem), each.subject))
    return tuple(found), tuple(looked)
