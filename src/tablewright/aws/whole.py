"""Whether an answer came whole: what is cut off within its head looks like a success that says nothing.

http.client takes the end of the connection for the end of the head, and where no Content-Length is left, nothing for the body. To
botocore that is a success without any of its members: a shard that has ended, a bucket's object without bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectionClosedError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["sent_whole", "whole"]

_BODILESS = frozenset({204, 304})


def whole(answer: AWSResponse, request: AWSPreparedRequest) -> AWSResponse:
    """The answer, as far as it says itself where it ends. Raises botocore's ConnectionClosedError, after which it asks again."""
    said: Any = answer.headers
    length, chunked = said.get("content-length", ""), said.get("transfer-encoding", "").lower() == "chunked"
    streamed = getattr(request, "stream_output", False)  # whoever reads it counts the bytes
    if request.method == "HEAD" or answer.status_code in _BODILESS or chunked:
        return answer
    if length.isdigit():
        came = int(length) if streamed else len(answer.content)
        if came == int(length):
            return answer
    elif not streamed and answer.content:
        return answer  # it ends with the connection, as a proxy may have it; JSON or XML that is cut off shows itself
    raise ConnectionClosedError(error=EOFError("it was cut off"), request=request, endpoint_url=request.url)


def sent_whole(client: Any) -> Any:
    """The client, with every answer looked at before botocore reads it: what is cut off is asked for again as what is lost."""

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return whole(client._endpoint.http_session.send(request), request)  # botocore tells of no other way

    client.meta.events.register_last("before-send.*.*", send)
    return client
