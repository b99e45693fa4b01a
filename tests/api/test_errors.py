"""From errors to answers (chapter 01 §3)."""

import json
from typing import Any

import pytest
from litestar.exceptions import HTTPException, InternalServerException, MethodNotAllowedException, NotFoundException

from conto import errors
from conto.api.errors import answer_to
from conto.schemas.encoding import encode


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (errors.BadRequest("coupons_must_be_an_array"), {"status": 400, "error": "coupons_must_be_an_array"}),
        (errors.Unauthorized(), {"status": 401, "error": "Unauthorized"}),
        (errors.Forbidden("x"), {"status": 403, "error": "Forbidden", "code": "x"}),
        (errors.NotFound("plan"), {"status": 404, "error": "Not Found", "code": "plan_not_found"}),
        (errors.NotAllowed("is_draft"), {"status": 405, "error": "Method Not Allowed", "code": "is_draft"}),
        (errors.TooLarge(), {"status": 413, "error": "Content Too Large"}),
        (
            errors.Invalid({"a": ("x", "y"), "account_type": {"0": ["must be one of: customer, partner"]}}),
            {
                "status": 422,
                "error": "Unprocessable Entity",
                "code": "validation_errors",
                "error_details": {"a": ["x", "y"], "account_type": {"0": ["must be one of: customer, partner"]}},
            },
        ),
        (errors.Locked(), {"status": 422, "error": "Unprocessable Entity", "code": "lock_acquisition_failed"}),
        (errors.TimedOut(), {"status": 503, "error": "Service Unavailable", "code": "timed_out"}),
        (NotFoundException(), {"status": 404, "error": "Not Found", "code": "resource_not_found"}),
        (MethodNotAllowedException(), {"status": 404, "error": "Not Found", "code": "resource_not_found"}),
        (HTTPException(status_code=413), {"status": 413, "error": "Content Too Large"}),
        (HTTPException("odd", status_code=431), {"status": 400, "error": "BadRequest: odd"}),
        (InternalServerException("secret"), {"status": 500, "error": "Internal Server Error"}),
        (ValueError("secret"), {"status": 500, "error": "Internal Server Error"}),
    ],
)
def test_each_error_has_its_body(error: Exception, body: dict[str, Any]):
    assert json.loads(encode(answer_to(error))) == body
