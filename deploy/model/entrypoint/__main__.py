"""Runs exactly one model, chosen by the environment: `python3 entrypoint [ARGUMENT OF THE ENGINE…]`. See ../README.md.

The rule: whatever is wrong is said before the engine starts, in words for whoever set the variables, and with an exit code of
its own.
"""

import errno
import os
import shlex
import socket
import sys

import drain
import engine
import memory
import model
import process
import settings
from refusal import CONFIGURATION, NO_ENGINE, NO_MEMORY, Refusal

# Where nothing is said, a conversation is this long, or as long as the model can hold one.
CONTEXT = 4096
# With these, a model holds more than it was made for.
STRETCHED = ("--rope-scaling", "--rope-scale", "--rope-freq-scale", "--hf-overrides", "--yarn-orig-ctx", "--override-kv")


def say(message: str) -> None:
    print(f"model: {message}", file=sys.stderr, flush=True)


def main() -> int:
    # The first process of a container gets only the signals that it has asked for.
    process.stop_at_once(say)
    environment = dict(os.environ)
    try:
        chosen = settings.read(environment, sys.argv[1:])
        program = engine.program(chosen, environment)
        found = model.find(chosen)
        if found.note:
            say(found.note)
        context = _context(chosen, found)
        prompt_cache = _check_memory(chosen, found, context, environment)
        _check_port(chosen)
    except Refusal as refusal:
        say(str(refusal))
        return refusal.code
    line = engine.command(chosen, found, program, context, memory.processors(), prompt_cache)
    say(f"starts {shlex.join(line)}")
    return process.run(line, engine.environment(chosen, environment), chosen.stop_seconds, say, drain.busy(chosen))


def _context(chosen: settings.Settings, found: model.Model) -> int:
    trained = found.trained_context
    if chosen.context is None:
        return min(CONTEXT, trained) if trained else CONTEXT
    stretched = any(settings.name_of(argument) in STRETCHED for argument in chosen.arguments)
    if trained and chosen.context > trained and not stretched:
        raise Refusal(CONFIGURATION, f"CONTEXT is {chosen.context}, and {found.name} was made for {trained} tokens at most")
    return chosen.context


def _check_memory(chosen: settings.Settings, found: model.Model, context: int, environment: dict[str, str]) -> int | None:
    """Refuses what does not fit; gives the room for llama.cpp's cache of prompts."""
    there = memory.have(chosen, environment=environment)
    if chosen.engine == settings.VLLM and there.gpu is None and chosen.memory is None and chosen.memory_check == "refuse":
        raise Refusal(NO_ENGINE, "vLLM needs a GPU, and nvidia-smi finds none here: docker run --gpus all, or MEMORY_CHECK=off")
    needed = memory.need(chosen, found, context, chosen.parallel)
    if needed is None:
        say(f"how much memory {found.name} needs is not known before it is fetched: it is not checked")
        return None
    say(f"{found.name} needs {needed}; {memory.size(there.host)} are {there.host_source}" + _gpu(there))
    short = memory.shortage(chosen, needed, there)
    if short and chosen.memory_check == "refuse":
        raise Refusal(NO_MEMORY, f"{found.name} does not fit: {short}. {_advice(chosen, found, context, there)}")
    if short and chosen.memory_check == "warn":
        say(f"{found.name} does not fit, and is started all the same: {short}")
    return memory.prompt_cache(chosen, needed, there)


def _gpu(there: memory.Have) -> str:
    return "" if there.gpu is None else f", {memory.size(there.gpu)} free on the GPU"


def _advice(chosen: settings.Settings, found: model.Model, context: int, there: memory.Have) -> str:
    """What would fit, if anything does."""
    smaller = [(context, 1)] if chosen.parallel > 1 else []
    length = context // 2
    while length >= 1024:
        smaller.append((length, 1))
        length //= 2
    for length, parallel in smaller:
        needed = memory.need(chosen, found, length, parallel)
        if needed and memory.shortage(chosen, needed, there) is None:
            return f"With CONTEXT={length} and PARALLEL={parallel} it would. MEMORY_CHECK=warn starts it all the same."
    return "A smaller quantisation may. MEMORY_CHECK=warn starts it all the same."


def _check_port(chosen: settings.Settings) -> None:
    """Several containers in the machine's own network: the second on one port is told so at once, not after loading for minutes."""
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((chosen.host, chosen.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(NO_ENGINE, f"PORT {chosen.port} is in use here: each model needs a port of its own") from None
        raise Refusal(CONFIGURATION, f"HOST {chosen.host} and PORT {chosen.port} cannot be listened on: {error.strerror or error}") from None


if __name__ == "__main__":
    sys.exit(main())
