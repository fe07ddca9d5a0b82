"""Streams: event by event, with the SDK's helper that puts them together, and asynchronously."""

import asyncio
import os

from openai import AsyncOpenAI

from common import GROUP, MESSAGES, client

openai = client()


def text(events) -> str:
    return "".join(e.choices[0].delta.content or "" for e in events if e.choices)


with openai.chat.completions.create(model=GROUP, messages=MESSAGES, stream=True) as stream:
    assert stream.response.headers["x-understudy-instance"] == "second", stream.response.headers
    events = list(stream)
assert text(events) == "hello from second", events
assert {event.model for event in events} == {GROUP}, events
assert events[-1].choices[0].finish_reason == "stop", events

with openai.chat.completions.stream(model=GROUP, messages=MESSAGES) as helper:
    whole = helper.get_final_completion()
assert whole.choices[0].message.content == "hello from second", whole

completion = openai.completions.create(model=GROUP, prompt="Hi", stream=True)
assert "".join(e.choices[0].text for e in completion) == "hello from second"


async def several() -> list[str]:
    """At the same time, over one client."""
    base, key = os.environ["BASE_URL"], os.environ["API_KEY"]
    async with AsyncOpenAI(base_url=base, api_key=key, max_retries=0) as openai:

        async def one() -> str:
            stream = await openai.chat.completions.create(model=GROUP, messages=MESSAGES, stream=True)
            return text([event async for event in stream])

        return await asyncio.gather(*(one() for _ in range(8)))


assert asyncio.run(several()) == ["hello from second"] * 8
print("streamed")
