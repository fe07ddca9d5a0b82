"""Each failure of the gateway becomes the class that the SDK has for it. `group=` says what the group's instance does."""

import openai

from common import GROUP, MESSAGES, client


def failure(kind: type[openai.APIError], status: int, code: str, group: str, **more) -> openai.APIStatusError:
    key = more.pop("key", None)
    try:
        client(key).chat.completions.create(model=group, messages=MESSAGES, **more)
    except openai.APIStatusError as error:
        assert type(error) is kind, (group, type(error), error)
        assert error.status_code == status, (group, error)
        assert error.code == code, (group, error.code, error.body)
        assert error.request_id, (group, "x-request-id")
        return error
    raise AssertionError(f"{group} answered")


failure(openai.AuthenticationError, 401, "invalid_api_key", GROUP, key="us-wrong")
unknown = failure(openai.NotFoundError, 404, "model_not_found", "nobody")
assert unknown.param == "model", unknown.body
limited = failure(openai.RateLimitError, 429, "rate_limited", "busy")
assert limited.response.headers["retry-after"] == "7", limited.response.headers
refused = failure(openai.BadRequestError, 400, "bad_temperature", "strict")
assert "at most 2" in refused.message, refused
unprocessable = failure(openai.UnprocessableEntityError, 422, "bad_schema", "unprocessable")
for stream in (False, True):
    failure(openai.InternalServerError, 502, "all_instances_failed", "broken", stream=stream)
    failure(openai.InternalServerError, 504, "upstream_timeout", "stalling", stream=stream)
    failure(openai.InternalServerError, 503, "no_instance_available", "empty", stream=stream)

# A backend that refuses its own token is not a fault of the caller's key.
failure(openai.InternalServerError, 502, "all_instances_failed", "locked")

begun = client().chat.completions.create(model="torn", messages=MESSAGES, stream=True)
seen = ""
try:
    for event in begun:
        seen += event.choices[0].delta.content or ""
    raise AssertionError("a torn stream looked complete")
except openai.APIError as error:
    assert seen == "half an ", seen
    assert error.code == "stream_interrupted", error.body
print("failed as they should")
