"""The one table of AWS's errors: its code, one of its messages or botocore's exception, and the error of ours that it is.

Sources: the "Common Errors" and per-action error sections of the CloudFormation, DynamoDB, CloudWatch, CloudWatch Logs and
STS API references, and botocore's ``exceptions`` module. A row's texts are templates that ``aws.errors`` fills in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from tablewright.errors import Failed, MustWait, TablewrightError, UsageError

__all__ = [
    "ABSENT_STACK",
    "CLASSES",
    "CLOCK",
    "CLOCK_TEXT",
    "CODES",
    "DENIED",
    "GARBAGE",
    "INVALID",
    "ROLE",
    "UNAVAILABLE",
    "UNKNOWN",
    "UNREACHABLE",
    "VALIDATION",
    "VALIDATION_TEXTS",
    "MfaNeeded",
    "Row",
]


class MfaNeeded(Exception):
    """A role wants an MFA code and there is no terminal to ask on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of error. ``detail`` and ``hint`` may use {text} {action} {where} {profile} {for_profile} {region}."""

    code: str
    kind: type[TablewrightError]
    summary: str
    detail: str
    hint: str | None = None


_GO_ON = (
    "An operation that CloudFormation has begun goes on without you; renew the credentials, then run the same command "
    "again and it will pick up where things stand."
)
EXPIRED = Row("credentials-expired", MustWait, "The AWS credentials have expired", "{text}\n\n" + _GO_ON)
SSO_EXPIRED = Row(
    "credentials-expired",
    MustWait,
    "The AWS sign-in has expired",
    "{text}\n\n" + _GO_ON + " To sign in again, run:",
    "aws sso login{for_profile}",
)
LOGIN_EXPIRED = Row(
    "credentials-expired",
    MustWait,
    "The AWS sign-in has expired",
    "{text}\n\n" + _GO_ON + " To sign in again, run:",
    "aws login{for_profile}",
)
CLOCK = Row(
    "clock-skewed",
    Failed,
    "This machine's clock disagrees with AWS's",
    "{text}\n\nAWS accepts a signature for a few minutes around its own time. Set the clock right (see what it says now):",
    "date -u",
)
INVALID = Row(
    "credentials-invalid",
    Failed,
    "AWS does not accept these credentials",
    "{text}\n\nThe access key does not exist (any more), its secret is wrong, or the credentials belong to another endpoint or "
    "partition than {where}. See which ones are in use:",
    "aws configure list{for_profile}",
)
DENIED = Row("access-denied", Failed, "AWS denied access", "{text}")
ROLE = Row(
    "role-not-assumable",
    Failed,
    "The role could not be assumed",
    "{text}\n\nThe role's trust policy must allow this caller to assume it, the caller's own policy must allow sts:AssumeRole on "
    "it, and conditions (MFA, external id, OIDC subject) must hold.",
)
THROTTLED = Row(
    "throttled",
    MustWait,
    "AWS throttles the requests",
    "{action} was throttled again and again, after every retry: {text}\n\nOther callers in this account share the limit. "
    "Nothing is wrong with the request; run the same command again in a minute.",
)
UNAVAILABLE = Row(
    "aws-unavailable",
    MustWait,
    "AWS failed to answer",
    "{action} failed on AWS's side, after every retry: {text}\n\nRun the same command again in a few minutes.",
)
VALIDATION = Row("aws-validation", Failed, "AWS refused the request", "{action} was refused: {text}")
UNKNOWN = Row("aws-error", Failed, "AWS answered with an error", "{action} answered {aws_code}: {text}")
GARBAGE = Row(
    "endpoint-answers-strangely",
    Failed,
    "The endpoint does not answer as AWS does",
    "The answer of {where} to {action} could not be read: {text}\n\nIs it a proxy, a sign-in page, or another program on that "
    "port? Nothing can be concluded from it, so nothing was done.",
)
UNREACHABLE = Row(
    "endpoint-unreachable",
    Failed,
    "AWS cannot be reached",
    "{text}\n\nNo connection to {where} could be made. Check the network, the region's spelling, and an endpoint set by "
    "AWS_ENDPOINT_URL or the profile.",
)
SILENT = Row(
    "endpoint-silent",
    Failed,
    "AWS did not answer in time",
    "{text}\n\n{where} took the request to {action} and answered nothing, again after every retry. Whether it was carried "
    "out is not known: run the same command again, it looks at what stands first.",
)
MFA = Row(
    "mfa-needed",
    Failed,
    "The role wants an MFA code",
    "{text}\n\nThere is no terminal to ask for the code on. Sign in once on a terminal; the session is kept and shared:",
    "aws sts get-caller-identity{for_profile}",
)
UNREADABLE = Row("credentials-unreadable", Failed, "The AWS credentials could not be obtained", "{text}")

CODES: dict[str, Row] = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"), EXPIRED),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestInTheFuture"), CLOCK),
    **dict.fromkeys(
        (
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "InvalidAccessKeyIdException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "InvalidToken",
            "AuthFailure",
        ),
        INVALID,
    ),
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
            "AuthorizationError",
            "AuthorizationErrorException",
            "NotAuthorized",
            "Forbidden",
            "403",
        ),
        DENIED,
    ),
    **dict.fromkeys(
        (
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "BandwidthLimitExceeded",
            "SlowDown",
            "429",
        ),
        THROTTLED,
    ),
    **dict.fromkeys(
        (
            "InternalFailure",
            "InternalError",
            "InternalServerError",
            "InternalServiceError",
            "InternalServiceFault",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
            "500",
            "502",
            "503",
            "504",
        ),
        UNAVAILABLE,
    ),
    "OptInRequired": Row("service-not-enabled", Failed, "The account may not use this service or region", "{text}"),
    "AlreadyExistsException": Row("already-exists", Failed, "It already exists", "{action}: {text}"),
    "LimitExceededException": Row("limit-exceeded", Failed, "A limit of the account is reached", "{action}: {text}"),
    "InsufficientCapabilitiesException": Row(
        "capabilities-missing", Failed, "The template needs capabilities that were not acknowledged", "{text}"
    ),
    "InvalidChangeSetStatus": Row("change-set-not-usable", Failed, "The change set cannot be used", "{text}"),
    "InvalidChangeSetStatusException": Row("change-set-not-usable", Failed, "The change set cannot be used", "{text}"),
    "ChangeSetNotFound": Row("change-set-not-found", Failed, "There is no such change set", "{text}"),
    "ChangeSetNotFoundException": Row("change-set-not-found", Failed, "There is no such change set", "{text}"),
    "TokenAlreadyExistsException": Row("token-already-used", Failed, "The request token was used before", "{text}"),
    "OperationInProgressException": Row("operation-in-progress", MustWait, "An operation is in progress", "{text}"),
    "ResourceInUseException": Row("resource-in-use", MustWait, "The resource is in use", "{action}: {text}"),
    "ResourceNotFoundException": Row("not-found", Failed, "It does not exist", "{action}: {text}"),
    "BackupNotFoundException": Row("not-found", Failed, "It does not exist", "{action}: {text}"),
    "TableNotFoundException": Row("not-found", Failed, "It does not exist", "{action}: {text}"),
    "NoSuchBucket": Row("no-such-bucket", UsageError, "There is no such bucket", "{text}"),
    "PermanentRedirect": Row("bucket-elsewhere", UsageError, "The bucket is in another region", "{text}"),
}
"""AWS's code -> the kind of error. A code is AWS's word for what happened; its HTTP status stands in where none was sent."""

ABSENT_STACK = re.compile(r"^Stack (?:with id )?[\['\"]?[^\s\]'\"]+[\]'\"]? does not exist\.?$")

VALIDATION_TEXTS: tuple[tuple[re.Pattern[str], Row], ...] = (
    (ABSENT_STACK, Row("stack-not-found", Failed, "There is no such stack", "{text}")),
    (
        re.compile(r"No updates are to be performed"),
        Row("no-changes", Failed, "There is nothing to change", "{text}"),
    ),
    (
        re.compile(r"already exists and cannot be created again with the change ?set", re.I),
        Row("stack-exists", Failed, "The stack exists already", "{text}"),
    ),
    (
        re.compile(r"is in \w+ state and can ?not be \w+"),
        Row("stack-status-forbids", Failed, "The stack's status forbids that", "{text}"),
    ),
    (
        re.compile(r"less than or equal to 51200"),
        Row("template-too-large", UsageError, "The template is too large to send inline", "{text}"),
    ),
    (
        re.compile(
            r"^(Template (format )?error|Template validation error|Transform .* failed|Circular dependency)", re.I
        ),
        Row("template-refused", UsageError, "CloudFormation refuses the template", "{text}"),
    ),
    (
        re.compile(
            r"Parameters: \[.*\] (must have values|do not exist in the template)|^Parameter '?\w+'? (must|failed to) "
        ),
        Row("parameters-refused", UsageError, "CloudFormation refuses the parameters", "{text}"),
    ),
    (
        re.compile(r"Role .* is invalid or cannot be assumed"),
        Row("service-role-refused", Failed, "CloudFormation cannot assume the given role", "{text}"),
    ),
)
"""Messages of a ValidationError, which has no finer code. Any other ValidationError is ``aws-validation``."""

CLOCK_TEXT = re.compile(r"Signature (expired|not yet current)", re.I)

CLASSES: tuple[tuple[type[BaseException], Row], ...] = (
    (MfaNeeded, MFA),
    (
        boto.NoCredentialsError,
        Row(
            "no-credentials",
            UsageError,
            "No AWS credentials were found",
            "Neither the environment, nor a profile, nor this machine's role gives any. Sign in (`aws sso login`), name a "
            "profile with --profile, or use the embedded AWS with --local. To set up a profile, run:",
            "aws configure sso",
        ),
    ),
    (
        boto.PartialCredentialsError,
        Row("credentials-incomplete", UsageError, "The AWS credentials are incomplete", "{text}."),
    ),
    (
        boto.ProfileNotFound,
        Row(
            "no-such-profile",
            UsageError,
            "There is no such profile",
            "{text}. The profiles that there are, are listed by:",
            "aws configure list-profiles",
        ),
    ),
    (boto.ConfigParseError, Row("aws-config-malformed", UsageError, "The AWS configuration cannot be read", "{text}.")),
    (boto.ConfigNotFound, Row("aws-config-missing", UsageError, "The AWS configuration cannot be found", "{text}")),
    (
        boto.NoRegionError,
        Row(
            "no-region",
            UsageError,
            "No region was given",
            'Tables live in one region, so none is guessed. Give --region, put region = "..." in tablewright.toml, or set '
            "AWS_REGION or the profile's region.",
        ),
    ),
    (boto.InvalidRegionError, Row("region-invalid", UsageError, "That is not a region", "{text}")),
    (boto.RefreshWithMFAUnsupportedError, EXPIRED),
    (boto.SSOError, SSO_EXPIRED),
    (boto.TokenRetrievalError, SSO_EXPIRED),
    (boto.NoAuthTokenError, SSO_EXPIRED),
    *((kind, LOGIN_EXPIRED) for kind in (getattr(boto, "LoginError", None),) if kind is not None),  # botocore 1.41 on
    (boto.CredentialRetrievalError, UNREADABLE),
    (boto.MetadataRetrievalError, UNREADABLE),
    (boto.InvalidConfigError, Row("aws-config-malformed", UsageError, "The AWS configuration is wrong", "{text}")),
    (
        boto.ProxyConnectionError,
        Row(
            "proxy-unreachable",
            Failed,
            "The proxy cannot be reached",
            "{text}. It is set by HTTPS_PROXY or HTTP_PROXY.",
        ),
    ),
    (
        boto.SSLError,
        Row(
            "tls-refused",
            Failed,
            "The connection is not trusted",
            "{text}\n\nWhere a company's proxy signs the traffic, name its certificates in AWS_CA_BUNDLE.",
        ),
    ),
    (boto.ReadTimeoutError, SILENT),
    (boto.ConnectionError, UNREACHABLE),
    (boto.ConnectionClosedError, UNREACHABLE),
    (boto.HTTPClientError, UNREACHABLE),
    (boto.IncompleteReadError, UNREACHABLE),
    (ResponseParserError, GARBAGE),
    (KeyError, GARBAGE),
    (AttributeError, GARBAGE),
    (TypeError, GARBAGE),
    (
        boto.EndpointProviderError,
        Row("endpoint-invalid", UsageError, "There is no such endpoint", "{text} (region {region})"),
    ),
    (boto.BaseEndpointResolverError, Row("endpoint-invalid", UsageError, "There is no such endpoint", "{text}")),
    (
        boto.ParamValidationError,
        Row("request-invalid", Failed, "AWS's own client refuses the request", "{action}: {text}"),
    ),
    (BotoCoreError, Row("aws-client-error", Failed, "The AWS client failed", "{action}: {text}")),
    (ValueError, GARBAGE),
)
"""botocore's exceptions, the first that fits (they inherit from one another, so order matters)."""
