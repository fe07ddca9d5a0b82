"""The main job: the first instance of the group is dead, and the caller gets a real answer, streamed."""

from common import client

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]

openai = client()
with openai.chat.completions.create(
    model="assistant", messages=QUESTION, stream=True, max_tokens=16, temperature=0
) as stream:
    assert stream.response.headers["x-understudy-instance"] == "SmolLM2", stream.response.headers
    assert stream.response.headers["x-understudy-attempts"] == "2", stream.response.headers
    events = list(stream)
text = "".join(e.choices[0].delta.content or "" for e in events if e.choices)
assert "Paris" in text, text
assert {event.model for event in events} == {"assistant"}, events
finishes = [e.choices[0].finish_reason for e in events if e.choices and e.choices[0].finish_reason]
assert finishes in (["stop"], ["length"]), finishes

whole = openai.chat.completions.create(model="assistant", messages=QUESTION, max_tokens=8, temperature=0)
assert "Paris" in whole.choices[0].message.content, whole
assert whole.model == "assistant", whole
assert whole.usage.completion_tokens > 0, whole

[model] = openai.models.list().data
assert model.id == "assistant" and model.available, model
print(text)
