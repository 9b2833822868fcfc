"""Problem details (RFC 9457) from errors, with the fields that older clients of this API read beside them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from vtp import errors
from vtp.errors import FieldError, VtpError
from vtp.http.keys import REQUEST_ID as REQUEST_ID_KEY
from vtp.http.shown_path import shown_path

CONTENT_TYPE = "application/problem+json"


class MalformedBody(VtpError):
    """The body is not JSON at all."""

    default_code = "malformed_body"


class BodyTimeout(VtpError):
    """The body arrived too slowly."""

    default_code = "body_timeout"


class UnsupportedMediaType(VtpError):
    """The body's Content-Type is not one that the route takes."""

    default_code = "unsupported_media_type"


STATUS_OF: Mapping[type[VtpError], int] = {
    MalformedBody: 400,
    BodyTimeout: 408,
    UnsupportedMediaType: 415,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.NotSignedIn: 401,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.PreconditionRequired: 428,
    errors.Invalid: 422,
    errors.Malformed: 400,
    errors.TooLarge: 413,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    errors.Gone: 410,
    errors.UpstreamFailed: 502,
}

SENTENCES: Mapping[int, str] = {
    400: "The request could not be read; check that the body is well-formed JSON.",
    401: "Sign in first: this call needs a valid access token.",
    403: "You do not have the right to do this.",
    404: "There is nothing at this address.",
    405: "This address does not answer that method; the Allow header lists those it does.",
    406: "None of the representations you accept can be given.",
    408: "The request took too long to arrive; send it again.",
    409: "The present state does not allow this.",
    410: "This existed and does not any more.",
    412: "It has changed since you read it; read it again and repeat your change.",
    413: "The body is larger than this address takes.",
    415: "The body's media type is not one that this address takes.",
    416: "The requested range lies outside of the file.",
    421: "This server answers by another name; with open rooms as localhost alone.",
    422: "The input is not acceptable; `errors` says where.",
    428: "This call needs an If-Match header.",
    429: "Too many requests; wait as long as Retry-After says.",
    431: "The request's headers are too large.",
    500: "Something went wrong here; it is in the log under this request_id.",
    502: "Another server that this needs did not do its part; `detail` has its words.",
    503: "The server cannot do this at the moment; try again as Retry-After says.",
}


class FieldProblem(BaseModel):
    """One field at fault."""

    pointer: Annotated[str, Field(description="JSON pointer; `/query/…` and `/path/…` outside of the body.")]
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details, and below `errors` the same for older clients."""

    type: Annotated[str, Field(description="`/problems/<slug>`, one per kind of problem.")]
    title: str
    status: int
    detail: Annotated[str, Field(description="A sentence that says what to do.")]
    instance: str
    request_id: str
    errors: list[FieldProblem] = []
    error: Annotated[str, Field(description="The same sentence as `detail`.")]
    code: Annotated[str, Field(description="A stable word for programs.")]
    details: Any = None
    message: str
    status_code: int
    timestamp: str
    retry_after: Annotated[int | None, Field(description="Seconds, with 429 and 503.")] = None


def problem_of(
    status: int,
    detail: str,
    *,
    code: str = "",
    instance: str = "",
    request_id: str = "",
    fields: Sequence[FieldError] = (),
) -> dict[str, Any]:
    """The problem object itself, as HTTP bodies and signalling acknowledgements carry it."""
    title = HTTPStatus(status).phrase
    slug = (code or title).lower().replace("_", "-").replace(" ", "-").replace("'", "")
    listed = [{"pointer": field.pointer, "detail": field.detail} for field in fields]
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
        "errors": listed,
        "error": detail,
        "code": code or slug.replace("-", "_"),
        "details": listed or None,
        "message": detail,
        "status_code": status,
        "timestamp": now,
    }


def status_of(error: VtpError) -> int:
    """The HTTP status of a service's error; a subclass answers as its nearest listed base."""
    return next((STATUS_OF[base] for base in type(error).__mro__ if base in STATUS_OF), 500)


def problem_of_error(error: VtpError, *, instance: str = "", request_id: str = "") -> dict[str, Any]:
    """The problem object of a service's error."""
    problem = problem_of(
        status_of(error),
        error.detail,
        code=error.code,
        instance=instance,
        request_id=request_id,
        fields=error.errors,
    )
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        problem["retry_after"] = max(1, math.ceil(error.retry_after_s))
    return problem


def problem_response(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    """Makes the response; problems are never stored by caches."""
    return web.Response(
        status=problem["status"],
        body=json.dumps(problem, ensure_ascii=False).encode(),
        content_type=CONTENT_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def respond_to_error(request: web.Request, error: VtpError) -> web.Response:
    """Answers a request with a service's error."""
    headers: dict[str, str] = {}
    problem = problem_of_error(
        error, instance=shown_path(request), request_id=request.get(REQUEST_ID_KEY, "")
    )
    if "retry_after" in problem:
        headers["Retry-After"] = str(problem["retry_after"])
    if isinstance(error, errors.NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="vtp"'  # RFC 6750 section 3
    return problem_response(problem, headers)


def respond_with_status(
    request: web.Request,
    status: int,
    detail: str = "",
    *,
    code: str = "",
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answers with a status that no service raises (405, 415, 500 …)."""
    problem = problem_of(
        status,
        detail or SENTENCES.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase),
        code=code,
        instance=shown_path(request),
        request_id=request.get(REQUEST_ID_KEY, ""),
    )
    return problem_response(problem, headers)
