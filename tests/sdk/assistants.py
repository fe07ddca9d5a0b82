"""An assistant is asked as any other model."""

from common import MESSAGES, client

MODEL = "assistant/Lawyer"

openai = client()

assert MODEL in [model.id for model in openai.models.list()]
completion = openai.chat.completions.create(model="assistant/lawyer", messages=MESSAGES)
assert completion.model == MODEL, completion
assert completion.choices[0].message.content == "hello from second", completion
text = ""
for chunk in openai.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
    assert chunk.model == MODEL, chunk
    text += chunk.choices[0].delta.content or "" if chunk.choices else ""
assert text == "hello from second", text
print("answered")
