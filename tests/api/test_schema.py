"""Whatever the description allows can be sent: nothing ends in a server error, and every answer is
a described one.

KAMPASS_SCHEMA sets how many requests each route gets (4 by default, 200 at night).
"""

import os

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from tests.served import Served

from kampass.access import Role

EXAMPLES = int(os.environ.get("KAMPASS_SCHEMA", "4"))
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_no_request_ends_in_a_server_error_or_an_undescribed_answer(served: Served) -> None:
    headers = {"authorization": f"Bearer {served.token(Role.ADMIN)}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", served.app, headers=headers)
    checks = [CHECKS.get_one(name) for name in NAMES]
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        def answered_as_described(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=checks)

        answered_as_described()
    print(
        f"\n{asked} requests to {schema.statistic.operations.total} routes, 0 server errors, 0 "
        "undescribed answers"
    )
    assert asked >= EXAMPLES * 10
