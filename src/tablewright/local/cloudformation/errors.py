"""The errors that the CloudFormation API answers with, each with its wire code and HTTP status.

Source of codes and statuses: the CloudFormation API reference (botocore service model 2010-05-15).
Where no source gives the text of a refusal, `UNVERIFIED` names it, so that the reference page can list it.
"""

from __future__ import annotations


class CfnError(Exception):
    """A refusal: what a client sees as `An error occurred (CODE) ...: MESSAGE`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> CfnError:
    return CfnError("ValidationError", message)


def template_format(message: str) -> CfnError:
    return validation(f"Template format error: {message}")


def template_error(message: str) -> CfnError:
    return validation(f"Template error: {message}")


def already_exists(message: str) -> CfnError:
    return CfnError("AlreadyExistsException", message)


def insufficient_capabilities(needed: tuple[str, ...]) -> CfnError:
    return CfnError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")


def change_set_not_found(name: str) -> CfnError:
    return CfnError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


def invalid_change_set_status(message: str) -> CfnError:
    return CfnError("InvalidChangeSetStatus", message)


def token_already_exists(token: str) -> CfnError:
    return CfnError("TokenAlreadyExistsException", f"Token {token} already exists")


def stack_missing(name: str) -> CfnError:
    return validation(f"Stack with id {name} does not exist")


def stack_missing_for_change(name: str) -> CfnError:
    return validation(f"Stack [{name}] does not exist")


def internal_failure(broken: Exception) -> str:
    """What is said where the embedded CloudFormation itself breaks, which is a bug in it."""
    return f"Internal Failure: the embedded CloudFormation broke ({type(broken).__name__}: {broken})."
