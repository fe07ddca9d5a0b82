"""What every script of this folder begins with: a client of the official SDK, as a user of Understudy would make it."""

import os

from openai import OpenAI

GROUP = "chat-default"
MESSAGES = [{"role": "user", "content": "Hi"}]


def client(key: str | None = None) -> OpenAI:
    """Without the SDK's own retries, so that a script sees what the gateway did."""
    return OpenAI(
        base_url=os.environ["BASE_URL"],
        api_key=key or os.environ["API_KEY"],
        max_retries=0,
        timeout=60,
    )
