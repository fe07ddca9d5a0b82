"""Chats, completions, embeddings and the list of models, read with the SDK's own types."""

from common import GROUP, MESSAGES, client

openai = client()

raw = openai.chat.completions.with_raw_response.create(model=GROUP, messages=MESSAGES)
assert raw.headers["x-understudy-instance"] == "second", raw.headers
assert raw.headers["x-understudy-attempts"] == "2", raw.headers
assert raw.headers["x-understudy-group"] == GROUP, raw.headers
chat = raw.parse()
assert chat.choices[0].message.content == "hello from second", chat
assert chat.choices[0].finish_reason == "stop", chat
assert chat.model == GROUP, chat
assert chat.usage.total_tokens == 6, chat
# What a person sends to support: the SDK takes it from the header.
assert chat._request_id == raw.headers["x-request-id"], chat

completion = openai.completions.create(model=GROUP, prompt="Hi")
assert completion.choices[0].text == "hello from second", completion
assert completion.model == GROUP, completion

embeddings = openai.embeddings.create(model=GROUP, input="Hi")
assert embeddings.data[0].embedding == [0.25, -0.5, 1.0], embeddings
assert embeddings.model == GROUP, embeddings

models = openai.models.list().data
assert [model.id for model in models] == [GROUP], models
assert models[0].object == "model", models
assert models[0].available is True, models
assert isinstance(models[0].created, int), models
assert isinstance(models[0].owned_by, str), models
print("answered")
