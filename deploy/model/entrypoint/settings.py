"""What the environment says, checked as a whole: every fault is in one message, as in the service itself.

The rule: nothing else reads the environment, and no value of a secret is ever part of a message.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from refusal import CONFIGURATION, Refusal

LLAMA_CPP = "llama.cpp"
VLLM = "vllm"

HUB_NAME = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(:(?P<quantisation>[\w.-]+))?", re.ASCII)
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMGT]?)(i?B)?", re.IGNORECASE)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

# Arguments of the engines that are the business of a variable: given twice, one of the two would win silently.
OWNED = {
    LLAMA_CPP: {
        "MODEL": ("-m", "--model", "-mu", "--model-url", "-hf", "-hfr", "--hf-repo", "-hff", "--hf-file", "-dr", "--docker-repo"),
        "MODEL_NAME": ("-a", "--alias"),
        "HOST": ("--host",),
        "PORT": ("--port",),
        "CONTEXT": ("-c", "--ctx-size"),
        "PARALLEL": ("-np", "--parallel"),
        "GPU_LAYERS": ("-ngl", "--gpu-layers", "--n-gpu-layers"),
        "API_KEY": ("--api-key", "--api-key-file"),
        "HF_TOKEN": ("-hft", "--hf-token"),
    },
    VLLM: {
        "MODEL": ("--model",),
        "MODEL_NAME": ("--served-model-name",),
        "HOST": ("--host",),
        "PORT": ("--port",),
        "CONTEXT": ("--max-model-len",),
        "PARALLEL": ("--max-num-seqs",),
        "API_KEY": ("--api-key",),
        "HF_TOKEN": ("--hf-token",),
    },
}


# What vLLM reads with Python's argparse takes the beginning of a name for the name.
ABBREVIATED = (VLLM,)


def name_of(argument: str) -> str:
    """The name in an argument, as the engines understand it: both take `--ctx_size` for `--ctx-size`, and vLLM has `--name=value`."""
    name = argument.split("=", 1)[0]
    return name.replace("_", "-") if name.startswith("--") else name


@dataclass(frozen=True)
class Settings:
    """One model, and how it is served."""

    model: str
    engine: str
    host: str
    port: int
    context: int | None
    parallel: int
    gpu_layers: int | None
    name: str | None
    memory: int | None
    memory_check: str
    stop_seconds: int
    endpoint: str
    arguments: list[str]
    api_key: str | None = field(repr=False)
    hub_token: str | None = field(repr=False)


def read(environment: dict[str, str], words: list[str], root: Path = Path("/")) -> Settings:
    """The settings, or a refusal that names every fault. `words` are what follows the image's name in `docker run`."""
    reader = _Reader(environment, root)
    engine = reader.choice("ENGINE", (LLAMA_CPP, VLLM), LLAMA_CPP)
    settings = Settings(
        model=reader.model(engine),
        engine=engine,
        host=reader.text("HOST") or "0.0.0.0",
        port=reader.number("PORT", 1, 65535, 8000),
        context=reader.number("CONTEXT", 256, 16 << 20, None),
        parallel=reader.number("PARALLEL", 1, 256, 1),
        gpu_layers=reader.gpu_layers(engine),
        name=reader.name(),
        memory=reader.size("MEMORY"),
        memory_check=reader.choice("MEMORY_CHECK", ("refuse", "warn", "off"), "refuse"),
        stop_seconds=reader.number("STOP_SECONDS", 1, 3600, 20),
        endpoint=reader.endpoint(),
        arguments=reader.arguments(engine, words),
        api_key=reader.secret("API_KEY"),
        hub_token=reader.secret("HF_TOKEN"),
    )
    if reader.faults:
        raise Refusal(CONFIGURATION, "the settings are wrong:\n" + "\n".join(f"  {fault}" for fault in reader.faults))
    return settings


class _Reader:
    def __init__(self, environment: dict[str, str], root: Path):
        self.environment = environment
        self.root = root
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        value = self.environment.get(name)
        if value is None:
            return None
        if not value.strip():
            self.faults.append(f"{name} is set to nothing: give it a value, or do not set it")
            return None
        return value.strip()

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name)
        if value is None or value in choices:
            return value or default
        self.faults.append(f"{name} must be one of {', '.join(choices)}, and is {value!r}")
        return default

    def number(self, name: str, least: int, most: int, default):
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            self.faults.append(f"{name} must be a whole number from {least} to {most}, and is {value!r}")
            return default
        return int(value)

    def size(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        match = SIZE.fullmatch(value)
        size = int(float(match["number"]) * UNITS[match["unit"].upper()]) if match else 0
        if size < 1 << 20:
            self.faults.append(f"{name} must be a size of 1 MiB or more, such as 512M or 6.5G, and is {value!r}")
            return None
        return size

    def model(self, engine: str) -> str:
        value = self.text("MODEL")
        if value is None:
            if "MODEL" not in self.environment:
                self.faults.append("MODEL is not set: a path (/models/some.gguf), a folder, or a name on the hub (owner/repository)")
            return ""
        if value.startswith("/"):
            return value
        match = HUB_NAME.fullmatch(value)
        if match is None:
            self.faults.append(
                f"MODEL must be an absolute path or a name on the hub (owner/repository, and :QUANTISATION with {LLAMA_CPP}), and is {value!r}"
            )
        elif match["repository"].endswith(".gguf"):
            self.faults.append(f"MODEL looks like a path without its beginning: write /{value}, or wherever the volume is mounted")
        elif match["quantisation"] and engine == VLLM:
            self.faults.append(f"MODEL has a quantisation after the colon, which only {LLAMA_CPP} knows: with {VLLM} it is owner/repository")
        return value

    def gpu_layers(self, engine: str) -> int | None:
        """How many layers go to the GPU; `None` is for the engine to decide, and `all` a number that no model reaches."""
        value = self.text("GPU_LAYERS")
        if value is None or value == "auto":
            return None
        if engine == VLLM:
            self.faults.append(f"GPU_LAYERS is for {LLAMA_CPP}: {VLLM} has the whole model on the GPU")
        elif value == "all":
            return 9999
        elif value.isascii() and value.isdigit() and int(value) <= 9999:
            return int(value)
        else:
            self.faults.append(f"GPU_LAYERS must be auto, all or a whole number, and is {value!r}")
        return None

    def name(self) -> str | None:
        value = self.text("MODEL_NAME")
        if value is not None and not MODEL_NAME.fullmatch(value):
            self.faults.append(f"MODEL_NAME may have letters, digits and ._:/- only, at most 128, and is {value!r}")
        return value

    def endpoint(self) -> str:
        value = self.text("HF_ENDPOINT") or "https://huggingface.co"
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            self.faults.append("HF_ENDPOINT must be an address such as https://hub.example, without a user or a password in it")
        return value.rstrip("/")

    def arguments(self, engine: str, words: list[str]) -> list[str]:
        try:
            arguments = shlex.split(self.text("EXTRA_ARGS") or "") + words
        except ValueError:
            self.faults.append("EXTRA_ARGS has a quote that is not closed")
            return []
        for variable, owned in OWNED[engine].items():
            for argument in arguments:
                name = name_of(argument)
                begins = engine in ABBREVIATED and len(name) > 2 and name.startswith("--") and any(each.startswith(name) for each in owned)
                # Only the name: what stands behind it may be a key.
                if name in owned or begins:
                    self.faults.append(f"{name} among the extra arguments is what {variable} is for")
        return arguments

    def secret(self, name: str) -> str | None:
        """From the variable, or from the file that NAME_FILE names, as Docker and Kubernetes mount secrets."""
        value = self.text(name)
        path = self.text(f"{name}_FILE")
        if value and path:
            self.faults.append(f"{name} and {name}_FILE are both set: one of them")
        if path:
            try:
                value = (self.root / path.lstrip("/")).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                self.faults.append(f"{name}_FILE: {path} cannot be read: {getattr(error, 'strerror', None) or 'not text'}")
                return None
            if not value:
                self.faults.append(f"{name}_FILE: {path} is empty")
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            self.faults.append(f"{name} may not have spaces, line ends or letters outside ASCII")
        return value
