"""What the unit tests of the container's entry point share: its modules, small GGUF files, and a place to put them."""

import contextlib
import ctypes
import os
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "deploy", "model", "entrypoint"))

import settings  # noqa: E402
from refusal import Refusal  # noqa: E402

LLAMA = {
    "general.architecture": "llama",
    "llama.block_count": 30,
    "llama.context_length": 8192,
    "llama.embedding_length": 576,
    "llama.feed_forward_length": 1536,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def gguf(fields: dict = LLAMA, version: int = 3, weights: int = 1000) -> bytes:
    """A file with these fields and one tensor of so many bytes."""
    data = b"GGUF" + struct.pack("<IQQ", version, 1, len(fields))
    for name, value in fields.items():
        data += text(name)
        if isinstance(value, str):
            data += struct.pack("<I", 8) + text(value)
        elif isinstance(value, list) and isinstance(value[0], str):
            data += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
        elif isinstance(value, list):
            data += struct.pack(f"<IIQ{len(value)}I", 9, 4, len(value), *value)
        else:
            data += struct.pack("<II", 4, value)
    # One dimension, numbers of a byte each (I8), at the beginning of what follows.
    data += text("weights") + struct.pack("<IQIQ", 1, weights, 24, 0)
    return data + bytes(-len(data) % 32) + bytes(weights)


@contextlib.contextmanager
def without_rights():
    """Root may read everything: this thread is somebody else meanwhile, for the file system."""
    library = ctypes.CDLL(None)
    library.setfsuid(65534)
    try:
        yield
    finally:
        library.setfsuid(os.geteuid())


class Case(unittest.TestCase):
    """With a folder that stands for the root of the container."""

    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def put(self, path: str, content: bytes | str) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def settings(self, *words: str, **variables: str) -> settings.Settings:
        return settings.read({"MODEL": "/models", **variables}, list(words), self.root)

    def refused(self, code: int, call, *arguments) -> str:
        """The message with which it is refused."""
        with self.assertRaises(Refusal) as raised:
            call(*arguments)
        self.assertEqual(raised.exception.code, code, raised.exception)
        return str(raised.exception)
