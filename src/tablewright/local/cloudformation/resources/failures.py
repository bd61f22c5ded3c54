"""Service errors as CloudFormation's handlers report them.

Source of the codes: CloudFormation CLI user guide, "Handler error codes". Source of the words: handler errors quoted in public
issue threads (aws-cdk, cloudformation-coverage-roadmap).
"""

from __future__ import annotations

import uuid

from tablewright.local.cloudformation.resources.protocol import HandlerError
from tablewright.local.services import ServiceError

_CODES = {
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "UnrecognizedClientException": "InvalidCredentials",
    "InvalidClientTokenId": "InvalidCredentials",
    "ExpiredTokenException": "InvalidCredentials",
    "ResourceNotFoundException": "NotFound",
    "ResourceNotFound": "NotFound",
    "NotFoundException": "NotFound",
    "NotFound": "NotFound",
    "NoSuchEntity": "NotFound",
    "ObjectNotFoundException": "NotFound",
    "ParameterNotFound": "NotFound",
    "NoSuchBucket": "NotFound",
    "ResourceAlreadyExistsException": "AlreadyExists",
    "AlreadyExistsException": "AlreadyExists",
    "EntityAlreadyExists": "AlreadyExists",
    "ParameterAlreadyExists": "AlreadyExists",
    "BucketAlreadyExists": "AlreadyExists",
    "BucketAlreadyOwnedByYou": "AlreadyExists",
    "ResourceInUseException": "ResourceConflict",
    "ConflictException": "ResourceConflict",
    "DeleteConflict": "ResourceConflict",
    "OperationAbortedException": "ResourceConflict",
    "LimitExceededException": "ServiceLimitExceeded",
    "LimitExceeded": "ServiceLimitExceeded",
    "ThrottlingException": "Throttling",
    "Throttling": "Throttling",
    "RequestLimitExceeded": "Throttling",
    "ValidationException": "InvalidRequest",
    "ValidationError": "InvalidRequest",
    "InvalidParameter": "InvalidRequest",
    "InvalidParameterValue": "InvalidRequest",
    "InvalidParameterException": "InvalidRequest",
    "InvalidParameterValueException": "InvalidRequest",
    "MalformedPolicyDocument": "InvalidRequest",
    "InvalidInput": "InvalidRequest",
    "InvalidRequestException": "InvalidRequest",
    "MissingParameterValueException": "InvalidRequest",
    "InternalServerError": "ServiceInternalError",
    "InternalFailure": "ServiceInternalError",
}

_SERVICES = {"dynamodb": "DynamoDb", "cloudwatch": "CloudWatch", "logs": "CloudWatchLogs", "sns": "Sns", "iam": "Iam"}

RETRIED = frozenset({"Throttling", "NetworkFailure", "InternalFailure", "ServiceInternalError"})
"""Handler error codes after which CloudFormation tries again by itself."""


def handler_error(service: str, error: ServiceError) -> HandlerError:
    """What a handler that let `error` through reports."""
    name = _SERVICES.get(service, service.capitalize())
    suffix = f"(Service: {name}, Status Code: {error.status}, Request ID: {uuid.uuid4()})"
    return HandlerError(_CODES.get(error.code, "GeneralServiceException"), f"{error.message} {suffix}")


def is_missing(error: ServiceError) -> bool:
    return _CODES.get(error.code) == "NotFound"


def is_taken(error: ServiceError) -> bool:
    return _CODES.get(error.code) == "AlreadyExists"


def exists_already(kind: str, identifier: str) -> HandlerError:
    return HandlerError("AlreadyExists", f"Resource of type '{kind}' with identifier '{identifier}' already exists.")


def not_found(kind: str, identifier: str) -> HandlerError:
    return HandlerError("NotFound", f"Resource of type '{kind}' with identifier '{identifier}' was not found.")


def reason(error: HandlerError, token: str) -> str:
    """The ResourceStatusReason of a handler's failure."""
    return (
        f'Resource handler returned message: "{error.message}" (RequestToken: {token}, HandlerErrorCode: {error.code})'
    )
