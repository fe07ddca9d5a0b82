"""The header of a GGUF file: what the model is, and how much of the file its weights are.

The rule: it reads forward only, from anything that has `read`, so that the header of a file on the hub is read without fetching
the file. It trusts no length in the file: what does not fit a bound is a file that is broken.
"""

import math
import struct
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"GGUF"
# The last version with another layout is 1, of 2023; llama.cpp does not load it any more.
VERSIONS = (2, 3)

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING = 8
_ARRAY = 9

# Far beyond what any model has: a vocabulary is a few hundred thousand entries, and a name a few dozen bytes.
_MOST_ENTRIES = 1 << 24
_MOST_BYTES = 1 << 26
# Arrays up to this length are kept; the vocabulary is only counted.
_KEPT_ARRAY = 4096


# How many numbers make a block of each type of tensor, and how many bytes a block has (ggml.h).
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_MOST_DIMENSIONS = 4


class NotGguf(Exception):
    """The file is no GGUF file, or a broken one."""


@dataclass(frozen=True)
class Header:
    """What the file says about the model. Of long lists, such as the vocabulary, only the length is kept."""

    fields: dict[str, object]
    lengths: dict[str, int]
    tensors: int

    @property
    def architecture(self) -> str:
        return str(self.fields.get("general.architecture", ""))

    def of(self, name: str, default=None):
        """A field of the architecture, `llama.block_count` for `block_count`."""
        return self.fields.get(f"{self.architecture}.{name}", default)

    def number(self, name: str, default: int = 0) -> int:
        value = self.of(name, default)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def per_layer(self, name: str, default: int) -> list[int]:
        """One number for each layer, given as one for all or as a list."""
        layers = self.number("block_count")
        value = self.of(name, default)
        if isinstance(value, list) and len(value) == layers:
            return [int(each) for each in value]
        return [value if isinstance(value, int) else default] * layers

    @property
    def layers(self) -> int:
        return self.number("block_count")

    @property
    def trained_context(self) -> int | None:
        return self.number("context_length") or None

    @property
    def vocabulary(self) -> int:
        return self.number("vocab_size") or self.lengths.get("tokenizer.ggml.tokens", 0)


def read(stream: BinaryIO) -> Header:
    """Reads the header up to the list of tensors."""
    reader = _Reader(stream)
    start = reader.peek_magic()
    if start != MAGIC:
        raise NotGguf(_what_it_is(start, stream))
    version = reader.number("I")
    if version not in VERSIONS:
        raise NotGguf(f"a GGUF file of version {version}, and only {VERSIONS[0]} and {VERSIONS[1]} are known")
    tensors = reader.count("Q")
    entries = reader.count("Q")
    fields: dict[str, object] = {}
    lengths: dict[str, int] = {}
    for _ in range(entries):
        name = reader.string()
        kind = reader.number("I")
        if kind == _ARRAY:
            value, lengths[name] = reader.array()
        else:
            value = reader.value(kind)
        if value is not None:
            fields[name] = value
    return Header(fields, lengths, tensors)


def check_end(stream: BinaryIO, header: Header, size: int) -> None:
    """Goes on where `read` has stopped, through the list of tensors: the last of them must end within the file. Of types that are
    not known here only the beginnings count."""
    reader = _Reader(stream)
    end = 0
    for _ in range(header.tensors):
        reader.string()
        dimensions = reader.number("I")
        if dimensions > _MOST_DIMENSIONS:
            raise NotGguf("a broken GGUF file: its header speaks of impossible tensors")
        numbers = math.prod(reader.number("Q") for _ in range(dimensions))
        kind = reader.number("I")
        block, length = _BLOCKS.get(kind, (1, 0))
        end = max(end, reader.number("Q") + numbers // block * length)
    alignment = header.fields.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 1:
        raise NotGguf("a broken GGUF file: its tensors are aligned to nothing")
    start = -(-stream.tell() // alignment) * alignment
    if end and start + end > size:
        raise NotGguf(f"a GGUF file that breaks off within its tensors, {start + end - size} bytes before their end: it was not copied or fetched to its end")


def _what_it_is(start: bytes, stream: BinaryIO) -> str:
    """Names the usual mistakes: a pointer in place of a large file, a page in place of a download."""
    beginning = start + stream.read(60)
    if not beginning:
        return "an empty file"
    if beginning.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS: the file itself was not fetched (git lfs pull)"
    if beginning.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page: the download brought an error page"
    if beginning[:4] == MAGIC[::-1]:
        return "a GGUF file for machines of the other byte order"
    if beginning[:2] == b"PK":
        return "a ZIP archive (PyTorch's, perhaps)"
    if beginning[8:10] == b'{"':
        return "a safetensors file: it needs its folder, and ENGINE=vllm"
    return "no GGUF file: it does not begin with the letters GGUF"


class _Reader:
    def __init__(self, stream: BinaryIO):
        self.stream = stream

    def peek_magic(self) -> bytes:
        return self.stream.read(4)

    def exactly(self, length: int) -> bytes:
        if length > _MOST_BYTES:
            raise NotGguf("a broken GGUF file: its header speaks of impossible lengths")
        data = b""
        # A connection gives less than was asked for.
        while len(data) < length:
            piece = self.stream.read(length - len(data))
            if not piece:
                raise NotGguf("a GGUF file that breaks off within its header: it was not copied or fetched to its end")
            data += piece
        return data

    def number(self, kind: str):
        return struct.unpack("<" + kind, self.exactly(struct.calcsize("<" + kind)))[0]

    def count(self, kind: str) -> int:
        number = self.number(kind)
        if number > _MOST_ENTRIES:
            raise NotGguf("a broken GGUF file: its header speaks of impossible lengths")
        return number

    def string(self) -> str:
        return self.exactly(self.number("Q")).decode(errors="replace")

    def value(self, kind: int):
        if kind == _STRING:
            return self.string()
        if kind not in _NUMBERS:
            raise NotGguf(f"a broken GGUF file: it has a value of the unknown type {kind}")
        return self.number(_NUMBERS[kind])

    def array(self) -> tuple[list | None, int]:
        kind = self.number("I")
        length = self.count("Q")
        if kind == _STRING:
            for _ in range(length):
                self.exactly(self.number("Q"))
            return None, length
        if kind not in _NUMBERS:
            raise NotGguf(f"a broken GGUF file: it has a list of the unknown type {kind}")
        code = _NUMBERS[kind]
        data = self.exactly(length * struct.calcsize("<" + code))
        return list(struct.unpack(f"<{length}{code}", data)) if length <= _KEPT_ARRAY else None, length
