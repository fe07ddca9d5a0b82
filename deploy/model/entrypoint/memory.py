"""Does the model fit? What it needs by its header, and what there is by the kernel and by `nvidia-smi`.

The rule: an estimate errs on the side of more, says what it is made of, and can be overruled.
"""

import math
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from model import Model
from settings import LLAMA_CPP, VLLM, Settings, name_of

MIB = 1 << 20
GIB = 1 << 30

# What an engine takes without any model: measured with llama.cpp's server, and reported of vLLM (CUDA's context and its graphs).
PROCESS = {LLAMA_CPP: 96 * MIB, VLLM: 2 * GIB}
# Tokens of a question that are worked on at once, llama.cpp's --ubatch-size.
BATCH = 512
# A prompt cache above this would be more than llama.cpp itself takes.
MOST_PROMPT_CACHE = 8 * GIB

# Bytes of one number in the KV cache, by its type.
CACHE_TYPES = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q5_1": 24 / 32, "q5_0": 22 / 32, "q4_1": 20 / 32, "q4_0": 18 / 32, "iq4_nl": 18 / 32}


@dataclass(frozen=True)
class Need:
    """In bytes. `scratch` is what the engine works in."""

    weights: int
    cache: int
    scratch: int
    # Layers of the model, with the one that llama.cpp counts for its output; 1 where they cannot be split.
    layers: int = 1

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.scratch

    def __str__(self) -> str:
        return f"{size(self.total)} ({size(self.weights)} weights, {size(self.cache)} for the context, {size(self.scratch)} to work in)"


@dataclass(frozen=True)
class Have:
    """In bytes, with where the number comes from."""

    host: int
    host_source: str
    gpu: int | None = None


def need(settings: Settings, model: Model, context: int, parallel: int) -> Need | None:
    """What the model needs at the most, or `None` where too little is known of it."""
    if model.weights is None:
        return None
    if model.header:
        key, value = (CACHE_TYPES.get(_argument(settings.arguments, names), 2.0) for names in (("-ctk", "--cache-type-k"), ("-ctv", "--cache-type-v")))
        cache, scratch = _of_header(model.header, key, value)
    else:
        cache, scratch = _of_config(model.config or {})
    layers = model.header.layers + 1 if model.header else 1
    return Need(model.weights, math.ceil(cache * context * parallel), scratch + PROCESS[settings.engine], layers)


def _of_header(header, key_bytes: float, value_bytes: float) -> tuple[float, int]:
    """Bytes for each token of context, and for the work on one batch."""
    heads = header.number("attention.head_count", 1)
    if isinstance(header.of("attention.head_count"), list):
        heads = max(header.per_layer("attention.head_count", 1))
    width = header.number("embedding_length")
    head = width // heads if heads else 0
    key = header.number("attention.key_length", head)
    value = header.number("attention.value_length", head)
    # A window that some layers keep to is not counted: which layers they are is known to the engine alone.
    cache = sum(each * (key * key_bytes + value * value_bytes) for each in header.per_layer("attention.head_count_kv", heads))
    feed = max(header.per_layer("feed_forward_length", 0), default=0)
    return cache, 4 * BATCH * (header.vocabulary + 4 * width + 2 * feed)


def _of_config(config: dict) -> tuple[float, int]:
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    try:
        layers, heads, width = (int(text[name]) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
        shared = int(text.get("num_key_value_heads") or heads)
        head = int(text.get("head_dim") or width // heads)
        vocabulary = int(text.get("vocab_size") or 0)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 0.0, 0
    # vLLM works on up to 2048 tokens at once when it measures itself.
    return layers * shared * head * 2 * 2.0, 4 * 2048 * (4 * width) + 4 * 256 * vocabulary


def have(settings: Settings, root: Path = Path("/"), environment=None) -> Have:
    """What there is to be had, now."""
    if settings.memory is not None:
        return Have(settings.memory, "what MEMORY allows")
    host, source = _host(root)
    for limit, used in _limits(root):
        if limit - used < host:
            host, source = max(limit - used, 0), "left of this container's limit"
    free = None if settings.gpu_layers == 0 else _gpus(environment)
    if free is None:
        return Have(host, source)
    if settings.engine == VLLM:
        # It takes one, unless it is told to spread over several.
        free = free[: _count(settings, "-tp", "--tensor-parallel-size") * _count(settings, "-pp", "--pipeline-parallel-size")]
    return Have(host, source, sum(free) * MIB)


def _count(settings: Settings, *names: str) -> int:
    value = _argument(settings.arguments, names) or ""
    return max(int(value), 1) if value.isascii() and value.isdigit() else 1


def _host(root: Path) -> tuple[int, str]:
    numbers = dict(re.findall(r"^(\w+):\s+(\d+) kB$", (root / "proc/meminfo").read_text(), re.MULTILINE))
    available, mapped, shared, total = (int(numbers.get(name, 0)) * 1024 for name in ("MemAvailable", "Mapped", "Shmem", "MemTotal"))
    # The kernel counts a file that somebody has mapped as memory to be had. Weights of a neighbour are such a file: taken from
    # it, each of its tokens would wait for the disk. Shared memory (a database's) is mapped, too, and is not in what is to be had.
    return max(available - max(mapped - shared, 0), 0), f"free of this machine's {size(total)}"


def _limits(root: Path) -> list[tuple[int, int]]:
    """Limits of the control groups of this process, both versions, with what is used of each and could not be given back."""
    groups = root / "sys/fs/cgroup"
    found = []
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, names = groups, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            base, names = groups / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # Inside a container the path is that of the machine, and what is mounted is the container's own group.
        folder = base / path.lstrip("/")
        for each in [folder, *folder.parents] if folder.is_dir() else [base]:
            limit = _number(each / names[0])
            if limit is not None and limit < 1 << 60:
                statistics = dict(re.findall(r"^(\w+) (\d+)$", _text(each / "memory.stat"), re.MULTILINE))
                found.append((limit, max((_number(each / names[1]) or 0) - int(statistics.get(names[2], 0)), 0)))
            if each == base:
                break
    return found


def _gpus(environment) -> list[int] | None:
    """Free memory of each GPU that this container sees, in MiB, or `None` without one."""
    environment = environment or {}
    program = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if program is None:
        return None
    command = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    if visible := environment.get("CUDA_VISIBLE_DEVICES"):
        command.append(f"--id={visible}")
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    free = [int(line) for line in answer.stdout.split() if line.isdigit()]
    return free if answer.returncode == 0 and free else None


def processors(root: Path = Path("/")) -> int | None:
    """How many processors this container's quota is worth, or `None` without one. llama.cpp asks the machine alone, and with a
    thread for each of its processors it would spend its quota waiting."""
    quota = _text(root / "sys/fs/cgroup/cpu.max").split()
    if len(quota) != 2:
        quota = [_text(root / f"sys/fs/cgroup/cpu/cpu.cfs_{name}_us").strip() for name in ("quota", "period")]
    try:
        return max(math.ceil(int(quota[0]) / int(quota[1])), 1) if int(quota[0]) > 0 else None
    except (ValueError, ZeroDivisionError):
        return None


def shortage(settings: Settings, needed: Need, there: Have) -> str | None:
    """Why it does not fit, in a sentence; `None` when it does."""
    if there.gpu is None:
        if needed.total > there.host:
            return f"it needs {needed}, and {size(there.host)} are {there.host_source}"
        return None
    gpu, host = on_each(settings, needed)
    if host is None:
        # llama.cpp itself decides how many layers go where.
        if needed.total > there.gpu + there.host:
            return f"it needs {needed}, and {size(there.gpu)} are free on the GPU and {size(there.host)} {there.host_source}"
    elif gpu > there.gpu:
        return f"it needs {size(gpu)} on the GPU, of {needed} in all, and {size(there.gpu)} are free there"
    elif host > there.host:
        return f"it needs {size(host)} beside the GPU, of {needed} in all, and {size(there.host)} are {there.host_source}"
    return None


def on_each(settings: Settings, needed: Need) -> tuple[int, int | None]:
    """What of it the GPU holds, and what the machine's own memory; the latter is `None` where the engine decides."""
    if settings.engine == VLLM:
        return needed.total, 0
    if settings.gpu_layers is None:
        return needed.total, None
    share = min(settings.gpu_layers / needed.layers, 1.0)
    moved = math.ceil((needed.weights + needed.cache) * share)
    return moved + needed.scratch, needed.weights + needed.cache - moved + PROCESS[settings.engine]


def prompt_cache(settings: Settings, needed: Need, there: Have) -> int:
    """MiB that llama.cpp may keep old prompts in. Left to itself it takes up to 8 GiB, whatever the limit of the container is."""
    host = None if there.gpu is None else on_each(settings, needed)[1]
    left = there.host - (needed.total if host is None else host)
    return max(min(left // 2, MOST_PROMPT_CACHE), 0) // MIB


def size(number: int) -> str:
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{math.ceil(number / MIB)} MiB"


def _argument(arguments: list[str], names: tuple[str, ...]) -> str | None:
    found = None
    for position, argument in enumerate(arguments):
        if name_of(argument) in names:
            found = argument.partition("=")[2] or (arguments[position + 1] if position + 1 < len(arguments) else None)
    return found


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
