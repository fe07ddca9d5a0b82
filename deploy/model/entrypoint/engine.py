"""The command line of the engine, and its environment.

The rule: a secret goes through the environment, since everybody on the machine may read a command line.
"""

import shutil

from model import Model
from refusal import NO_ENGINE, Refusal
from settings import LLAMA_CPP, VLLM, Settings, name_of

PROGRAMS = {LLAMA_CPP: "llama-server", VLLM: "vllm"}
# What this program reads and no engine has to know.
OURS = ("API_KEY", "API_KEY_FILE", "HF_TOKEN", "HF_TOKEN_FILE", "EXTRA_ARGS")


def program(settings: Settings, environment: dict[str, str]) -> str:
    found = shutil.which(PROGRAMS[settings.engine], path=environment.get("PATH"))
    if found is None:
        raise Refusal(
            NO_ENGINE,
            f"this image has no {PROGRAMS[settings.engine]}: ENGINE={settings.engine} needs an image that was built on that engine's",
        )
    return found


def command(
    settings: Settings, model: Model, engine: str, context: int, threads: int | None = None, prompt_cache: int | None = None
) -> list[str]:
    """What is run. `prompt_cache` is in MiB."""
    name = settings.name or model.name
    if settings.engine == VLLM:
        line = [engine, "serve", model.reference, "--served-model-name", name, "--max-model-len", str(context)]
        if settings.parallel > 1:
            line += ["--max-num-seqs", str(settings.parallel)]
    else:
        line = [engine, "--hf-repo" if model.on_hub else "--model", model.reference, "--alias", name]
        # What llama.cpp calls the context is shared out among the conversations.
        line += ["--ctx-size", str(context * settings.parallel), "--parallel", str(settings.parallel)]
        if settings.gpu_layers is not None:
            line += ["--n-gpu-layers", str(settings.gpu_layers)]
        if threads is not None and not _has(settings, "-t", "--threads"):
            line += ["--threads", str(threads)]
        if prompt_cache is not None and not _has(settings, "-cram", "--cache-ram"):
            line += ["--cache-ram", str(prompt_cache)]
    return [*line, "--host", settings.host, "--port", str(settings.port), *settings.arguments]


def environment(settings: Settings, own: dict[str, str]) -> dict[str, str]:
    """What the engine finds in its environment: all that was given to the container, and the secrets by the engine's names."""
    result = {name: value for name, value in own.items() if name not in OURS}
    if settings.api_key:
        result["VLLM_API_KEY" if settings.engine == VLLM else "LLAMA_API_KEY"] = settings.api_key
    if settings.hub_token:
        result["HF_TOKEN"] = settings.hub_token
    return result


def _has(settings: Settings, *names: str) -> bool:
    return any(name_of(argument) in names for argument in settings.arguments)
