"""DynamoDB's data path for the migration's own client: where it is, who signs, and botocore for what that client leaves to it."""

from __future__ import annotations

import gzip
import json
import threading

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session, get_cert_path

from tablewright.aws.session import CONNECT_TIMEOUT_S, POOL, READ_TIMEOUT_S, Session
from tablewright.aws.whole import whole
from tablewright.errors import TablewrightError
from tablewright.ports import HttpAnswer, SigningKeys

__all__ = ["DynamoDBDataPlane"]

CONTENT_TYPE = "application/x-amz-json-1.0"
TARGET = "DynamoDB_20120810."


class DynamoDBDataPlane:
    """The port ``DataPlane`` over a session: endpoint, region, trust and credentials are what botocore's own client has."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._http: URLLib3Session | None = None

    @property
    def url(self) -> str:
        return str(self._session.dynamodb.meta.endpoint_url).rstrip("/")

    @property
    def region(self) -> str:
        return str(self._session.dynamodb.meta.region_name)

    @property
    def ca_bundle(self) -> str:
        return str(get_cert_path(self._session.ca_bundle or True))  # type: ignore[arg-type]

    @property
    def direct(self) -> bool:
        return not self._session.proxies(self.url)

    def keys(self, *, renew: bool = False) -> SigningKeys:
        """The session's credentials. Raises ours when there are none, or when refreshing them fails."""
        with self._session.translated("dynamodb"):
            found = self._session.credentials(renew=renew)
            if found is None:
                raise NoCredentialsError
            return SigningKeys(*found)

    def call(self, operation: str, body: bytes) -> HttpAnswer:
        """One signed request through botocore's HTTP client: proxies, odd framing and all. Raises ours when none answers."""
        keys = self.keys()
        headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET + operation}
        with self._session.translated("dynamodb"):
            request = AWSRequest("POST", self.url + "/", data=body, headers=headers)
            credentials = Credentials(keys.access_key, keys.secret_key, keys.token)
            SigV4Auth(credentials, "dynamodb", self.region).add_auth(request)
            prepared = request.prepare()
            answer = whole(self._client().send(prepared), prepared)
            content = answer.content
            if answer.headers.get("content-encoding", "").lower() == "gzip":
                content = gzip.decompress(content)
        return HttpAnswer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)

    def refusal(self, operation: str, answer: HttpAnswer) -> TablewrightError:
        """The error of ours for an answer that is no success."""
        try:
            said = json.loads(answer.body)
            code = str(said.get("__type", "")).rpartition("#")[2]
            message = str(said.get("message") or said.get("Message") or "")
        except (ValueError, AttributeError):
            code = message = ""
        response = {
            "Error": {"Code": code or str(answer.status), "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": answer.status},
        }
        error = ClientError(response, operation)  # type: ignore[arg-type]
        return self._session.explained(error, "dynamodb", operation)

    def _client(self) -> URLLib3Session:
        with self._lock:
            if self._http is None:
                self._http = URLLib3Session(
                    verify=self.ca_bundle,  # type: ignore[arg-type]
                    proxies=self._session.proxies(self.url),
                    timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),  # type: ignore[arg-type]
                    max_pool_connections=POOL,
                )
            return self._http
