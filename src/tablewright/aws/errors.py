"""AWS error code or botocore exception -> our error: the only place where AWS's error vocabulary is read.

Every answer that is not success goes through ``translate``, which looks in ``error_table``: first for the exception's AWS
code (with the few messages that have no code of their own), then for its botocore class. What the table does not know
becomes ``aws-error`` with AWS's text untouched: an unknown error is never success, and never "it does not exist".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tablewright.aws.error_table import (
    ABSENT_STACK,
    CLASSES,
    CLOCK,
    CLOCK_TEXT,
    CODES,
    DENIED,
    GARBAGE,
    INVALID,
    ROLE,
    UNAVAILABLE,
    UNKNOWN,
    UNREACHABLE,
    VALIDATION,
    VALIDATION_TEXTS,
    MfaNeeded,
    Row,
)
from tablewright.aws.regions import advice, is_known
from tablewright.errors import TablewrightError

__all__ = ["Caller", "code_of", "is_absent", "translate", "translated"]


@dataclass(frozen=True, slots=True)
class Caller:
    """What an error's words may need to know of the session that met it."""

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None

    @property
    def for_profile(self) -> str:
        """`` --profile NAME``, or nothing without a profile."""
        return f" --profile {self.profile}" if self.profile else ""


_PERFORM = re.compile(
    r"(?:User: (?P<who>\S+) )?is not authorized to perform:? (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>[^\s\"']+))?"
)
_EXPLICIT = re.compile(r"explicit deny in an? ((?:[\w-]+ ){0,3}?(?:policy|boundary))")


def code_of(error: BaseException) -> str:
    """AWS's own code of an error, "" when AWS did not say it."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_absent(error: ClientError) -> bool:
    """True only for CloudFormation's one text that means "no such stack". Any other refusal says nothing about it."""
    return code_of(error) == "ValidationError" and ABSENT_STACK.fullmatch(_text(error)) is not None


def translate(error: BaseException, caller: Caller, service: str, operation: str = "") -> TablewrightError:
    """The error of ours that says what ``error`` means; AWS's words are kept in its ``text``."""
    text = _text(error)
    if isinstance(error, ClientError):
        operation = error.operation_name or operation
    row = _row(error, text)
    words = {
        "text": text,
        "aws_code": code_of(error),
        "action": operation or f"a request to {service}",
        "where": caller.endpoint or f"{service} in {caller.region or 'no region'}",
        "profile": caller.profile or "default",
        "for_profile": caller.for_profile,
        "region": caller.region or "none",
    }
    detail = _denial(text, service, operation) if row is DENIED else row.detail.format(**words).strip()
    if row is UNREACHABLE and caller.endpoint is None and caller.region is not None and not is_known(caller.region):
        detail += f"\n\nRegion {caller.region} is not one that is known here. {advice(caller.region)}"
    hint = row.hint.format(**words) if row.hint else None
    ours = row.kind(row.code, row.summary, detail, hint)
    ours.text = text
    return ours


@contextmanager
def translated(caller: Caller, service: str) -> Iterator[None]:
    """Within it, AWS's errors come out as ours. Everything else passes, so a mistake of ours stays visible as one."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError, MfaNeeded, KeyError) as error:
        raise translate(error, caller, service) from error
    except (AttributeError, TypeError, ValueError) as error:
        if not _raised_in_botocore(error):
            raise
        raise translate(error, caller, service) from error


def _raised_in_botocore(error: BaseException) -> bool:
    """Whether botocore itself stumbled, as it does over answers of the wrong shape."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).startswith("botocore.")


def _text(error: BaseException) -> str:
    if isinstance(error, ClientError):
        message = error.response.get("Error", {}).get("Message")
        return str(message) if message else f"(no message; HTTP {_http_status(error)})"
    if isinstance(error, KeyError):
        return f"the answer has no {error.args[0] if error.args else 'such part'}"
    return str(error)


def _http_status(error: ClientError) -> Any:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")


def _row(error: BaseException, text: str) -> Row:
    if not isinstance(error, ClientError):
        return next((row for kind, row in CLASSES if isinstance(error, kind)), UNKNOWN)
    code = code_of(error)
    if code in ("ValidationError", "ValidationException"):
        return next((row for pattern, row in VALIDATION_TEXTS if pattern.search(text)), VALIDATION)
    row = CODES.get(code)
    if row is INVALID and CLOCK_TEXT.search(text):
        return CLOCK
    if row is DENIED and error.operation_name.startswith("AssumeRole"):
        return ROLE
    if row is None and not code.strip("0123456789"):
        # No code but an HTTP status: something between us and AWS answered.
        return UNAVAILABLE if code.startswith("5") else GARBAGE
    return row or UNKNOWN


def _denial(text: str, service: str, operation: str) -> str:
    """What was denied to whom, and what would allow it: a statement where an allow is missing, the place of an explicit deny."""
    found = _PERFORM.search(text)
    action = found["action"] if found else f"{service}:{operation}"
    resource = (found["resource"] if found else None) or "*"
    parts = [text]
    deny = _EXPLICIT.search(text)
    if deny:
        parts.append(f"An explicit deny wins over every allow: whoever keeps the {deny[1]} must lift it for {action}.")
    else:
        statement = json.dumps({"Effect": "Allow", "Action": action, "Resource": resource.rstrip(".")})
        parts.append(f"A policy statement that allows it:\n\n    {statement}")
    return "\n\n".join(parts)
