"""Responses, images, speech, transcriptions and moderations, with the SDK's own types. The first instance is broken."""

from openai import APIError

from common import GROUP, client

openai = client()

response = openai.responses.create(model=GROUP, input="Hi")
assert response.output_text == "hello from second", response
assert response.model == GROUP, response
assert response.status == "completed", response

with openai.responses.create(model=GROUP, input="Hi", stream=True) as stream:
    events = list(stream)
assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == "hello from second", events
assert events[0].type == "response.created", events
assert events[0].response.model == GROUP, events
assert events[-1].type == "response.completed", events
assert events[-1].response.output_text == "hello from second", events

with openai.responses.stream(model=GROUP, input="Hi") as helper:
    whole = helper.get_final_response()
assert whole.output_text == "hello from second", whole

image = openai.images.generate(model=GROUP, prompt="a cat")
assert image.data[0].b64_json == "AAAA", image
with openai.images.generate(model=GROUP, prompt="a cat", stream=True, partial_images=1) as stream:
    kinds = [event.type for event in stream]
assert kinds == ["image_generation.partial_image", "image_generation.completed"], kinds

SOUND = b"ID3\0\xff\xfb\0second"
speech = openai.audio.speech.create(model=GROUP, voice="alloy", input="Hi")
assert speech.read() == SOUND, speech
assert speech.response.headers["content-type"] == "audio/mpeg", speech.response.headers
assert speech.response.headers["x-understudy-instance"] == "second", speech.response.headers
more = {"stream_format": "audio"}
with openai.audio.speech.with_streaming_response.create(model=GROUP, voice="alloy", input="Hi", **more) as speech:
    assert b"".join(speech.iter_bytes()) == SOUND

SPOKEN = ("speech.wav", b"RIFF\r\n--not a boundary\r\n\0\xff" * 1000, "audio/wav")
transcription = openai.audio.transcriptions.create(model=GROUP, file=SPOKEN)
assert transcription.text == "hello from second", transcription
text = openai.audio.transcriptions.create(model=GROUP, file=SPOKEN, response_format="text")
assert text == "hello from second\n", text
subtitles = openai.audio.transcriptions.create(
    model=GROUP, file=SPOKEN, response_format="srt", timestamp_granularities=["word", "segment"]
)
assert subtitles.endswith("\nhello from second\n"), subtitles
events = list(openai.audio.transcriptions.create(model=GROUP, file=SPOKEN, stream=True))
assert events[-1].type == "transcript.text.done", events
assert events[-1].text == "hello from second", events

moderation = openai.moderations.create(model=GROUP, input="Hi")
assert moderation.results[0].flagged is True, moderation
assert moderation.model == GROUP, moderation

# Streams that break off after their beginning raise, whatever their events look like.
for group, ask in {
    "torn-response": lambda group: openai.responses.create(model=group, input="Hi", stream=True),
    "torn-image": lambda group: openai.images.generate(model=group, prompt="a cat", stream=True),
    "torn-transcription": lambda group: openai.audio.transcriptions.create(model=group, file=SPOKEN, stream=True),
}.items():
    begun = 0
    try:
        for event in ask(group):
            begun += 1
        raise AssertionError(f"{group}: a torn stream looked complete")
    except APIError as error:
        assert error.code == "stream_interrupted", (group, error.body)
    assert begun > 0, group
try:
    with openai.audio.speech.with_streaming_response.create(
        model="torn-speech", voice="alloy", input="Hi", **more
    ) as speech:
        b"".join(speech.iter_bytes())
    raise AssertionError("torn sound looked complete")
except AssertionError:
    raise
except Exception as error:
    assert "chunk" in str(error).lower() or "body" in str(error).lower(), repr(error)
print("answered")
