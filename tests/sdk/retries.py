"""With its default settings the SDK tries again by itself: a short outage of every instance is not even noticed."""

import os

from openai import OpenAI

from common import GROUP, MESSAGES

openai = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
chat = openai.chat.completions.create(model=GROUP, messages=MESSAGES)
assert chat.choices[0].message.content == "hello from first", chat
print("answered")
