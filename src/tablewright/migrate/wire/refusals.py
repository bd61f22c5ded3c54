"""What an answer that is no success means for whoever asked. Pure: one table over DynamoDB's error codes.

Source: Amazon DynamoDB Developer Guide, "Error handling with DynamoDB", and the errors of BatchWriteItem, PutItem and Scan
(API reference).
"""

from __future__ import annotations

from enum import Enum

import msgspec

__all__ = ["Refusal", "code_and_message", "meaning"]


class Refusal(Enum):
    """What to do about it."""

    THROTTLED = "throttled"  # slower, then again
    AGAIN = "again"  # the same request, later: the service stumbled
    SKEWED = "skewed"  # sign with the server's time
    CREDENTIALS = "credentials"  # sign with other credentials
    GARBLED = "garbled"  # it could not be read: the same request, later, but not for ever
    INVALID = "invalid"  # this request will never be taken
    CONFLICT = "conflict"  # a condition did not hold
    FATAL = "fatal"  # no request of this kind will be taken


_THROTTLED = {
    "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded",
    "ThrottledException", "TooManyRequestsException", "RequestThrottled", "RequestThrottledException", "SlowDown",
    "LimitExceededException", "ReplicatedWriteConflictException",
}  # fmt: skip
_AGAIN = {
    "InternalServerError", "InternalFailure", "InternalServerErrorException", "ServiceUnavailable",
    "ServiceUnavailableException", "RequestTimeout", "RequestTimeoutException", "TransactionConflictException",
    "CRC32CheckFailed",
}  # fmt: skip
_CREDENTIALS = {
    "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
    "MissingAuthenticationTokenException", "MissingAuthenticationToken", "RequestExpired", "TokenRefreshRequired",
}  # fmt: skip
_SKEWED_TEXTS = ("Signature expired", "Signature not yet current", "not yet valid", "is now earlier than")


class _Said(msgspec.Struct):
    type: str = msgspec.field(default="", name="__type")
    message: str = ""
    other: str = msgspec.field(default="", name="Message")


_DECODER = msgspec.json.Decoder(_Said)


def code_and_message(body: bytes | bytearray) -> tuple[str, str]:
    """AWS's code and words; "" for what was not said."""
    try:
        said = _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return "", ""
    return said.type.rpartition("#")[2].partition(":")[0], said.message or said.other


def meaning(status: int, body: bytes | bytearray) -> tuple[Refusal, str, str]:
    """What to do about it, AWS's code, and its words."""
    code, message = code_and_message(body)
    return _meaning(status, code, message), code or str(status), message


def _meaning(status: int, code: str, message: str) -> Refusal:
    if code in _THROTTLED or status == 429:
        return Refusal.THROTTLED
    if code in ("RequestTimeTooSkewed", "RequestInTheFuture"):
        return Refusal.SKEWED
    if code in ("InvalidSignatureException", "SignatureDoesNotMatch") and any(t in message for t in _SKEWED_TEXTS):
        return Refusal.SKEWED
    if code in _CREDENTIALS:
        return Refusal.CREDENTIALS
    if code == "ConditionalCheckFailedException":
        return Refusal.CONFLICT
    if code == "SerializationException":
        return Refusal.GARBLED
    if code in _AGAIN or not code or status >= 500 or status in (408, 425):
        return (
            Refusal.AGAIN
        )  # without a code, something between here and DynamoDB said it, or it was spoiled on its way
    if code in ("ValidationException", "ItemCollectionSizeLimitExceededException") or status == 413:
        return Refusal.INVALID
    return Refusal.FATAL
