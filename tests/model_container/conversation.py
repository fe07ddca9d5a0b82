"""A conversation whose model is killed in the middle of an answer: the stream says so, and the next question is answered by the
other container, which is given what was said before.

Prints `streaming` in the middle of the first answer, and goes on when its standard input ends.
"""

import os
import sys

import openai

client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], max_retries=0, timeout=300)
messages = [{"role": "user", "content": "Tell me a long story about a lighthouse."}]
text = ""
with client.chat.completions.create(
    model="local",
    messages=messages,
    stream=True,
    max_tokens=1800,
    # llama.cpp's own: the model is not to come to an end by itself.
    extra_body={"ignore_eos": True},
) as stream:
    assert stream.response.headers["x-understudy-instance"] == "container%20a", stream.response.headers
    pieces = 0
    try:
        for event in stream:
            text += event.choices[0].delta.content or "" if event.choices else ""
            pieces += 1
            if pieces == 5:
                print("streaming", flush=True)
                sys.stdin.read()
        raise AssertionError(f"a stream that was cut off looked complete after {pieces} events")
    except openai.APIError as error:
        assert error.code == "stream_interrupted", (error.code, error)

messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "What is the capital of France? One word."}]
answer = client.chat.completions.with_raw_response.create(model="local", messages=messages, max_tokens=24, temperature=0)
assert answer.headers["x-understudy-instance"] == "container%20b", answer.headers
chat = answer.parse()
assert chat.choices[0].message.content.strip(), chat
assert chat.model == "local", chat
print("answered:", chat.choices[0].message.content)
