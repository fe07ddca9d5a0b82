"""Finds the one model that is to run: a file, a folder (a mounted volume) or a repository on the hub.

The rule: it downloads nothing but a header. The engine fetches the rest, into the cache that it keeps anyway.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import hub
from refusal import NO_MODEL, NOT_A_MODEL, Refusal
from settings import LLAMA_CPP, Settings

PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<parts>\d{5})\.gguf")
# Files that lie beside a model and are none.
BESIDE = ("mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-")


@dataclass(frozen=True)
class Model:
    """What was found. `weights` is in bytes and `None` where it cannot be known before the engine has the model."""

    # What the engine is given: a path, or a name on the hub.
    reference: str
    on_hub: bool
    name: str
    weights: int | None = None
    header: gguf.Header | None = None
    # `config.json` of a model that is a folder.
    config: dict | None = None
    # What whoever reads the log should know of how it was found.
    note: str | None = None

    @property
    def trained_context(self) -> int | None:
        if self.header:
            return self.header.trained_context
        return (self.config or {}).get("max_position_embeddings")


def find(settings: Settings, root: Path = Path("/")) -> Model:
    """The model, or a refusal that says what is there in its place."""
    if not settings.model.startswith("/"):
        return _on_hub(settings, root)
    path = root / settings.model.lstrip("/")
    try:
        if path.is_dir():
            return _in_folder(settings, path)
        if not path.exists():
            raise Refusal(NO_MODEL, f"there is no {settings.model}. {_what_is_there(settings.model, path)}")
    except PermissionError as error:
        raise Refusal(NO_MODEL, f"{settings.model} may not be read by this user: {error.strerror}") from None
    if settings.engine != LLAMA_CPP:
        raise Refusal(NOT_A_MODEL, f"{settings.model} is a file: {settings.engine} wants the folder with config.json and the weights")
    return _file(settings.model, path)


def _what_is_there(named: str, path: Path) -> str:
    """The nearest folder that exists, and what models it holds: most often the volume is mounted elsewhere, or not at all."""
    folder = path.parent
    name = Path(named).parent
    while not folder.is_dir():
        folder, name = folder.parent, name.parent
    models = sorted(each.name for each in folder.iterdir() if each.suffix == ".gguf" or (each / "config.json").is_file())
    if models:
        return f"{name} has: {', '.join(models[:20])}{' and more' if len(models) > 20 else ''}"
    return f"{name} exists, and has no model in it: is the volume mounted there?"


def _file(named: str, path: Path) -> Model:
    try:
        with path.open("rb") as stream:
            header = gguf.read(stream)
    except gguf.NotGguf as error:
        raise Refusal(NOT_A_MODEL, f"{named} is {error}") from None
    except OSError as error:
        raise Refusal(NO_MODEL, f"{named} cannot be read: {error.strerror}") from None
    if header.fields.get("general.type", "model") not in ("model", None):
        raise Refusal(NOT_A_MODEL, f"{named} is no model but its {header.fields['general.type']}")
    name = path.stem
    parts = [path]
    if match := PART.fullmatch(path.name):
        name = match["stem"]
        if int(match["number"]) != 1:
            raise Refusal(NOT_A_MODEL, f"{named} is a later part of a model: name the first, {name}-00001-of-{match['parts']}.gguf")
        parts = [path.with_name(f"{name}-{number:05}-of-{match['parts']}.gguf") for number in range(1, int(match["parts"]) + 1)]
        missing = [part.name for part in parts if not part.is_file()]
        if missing:
            raise Refusal(NO_MODEL, f"{named} is the first of {len(parts)} parts, and there is no {', '.join(missing[:5])}")
    return Model(named, False, name, sum(part.stat().st_size for part in parts), header)


def _in_folder(settings: Settings, path: Path) -> Model:
    if settings.engine != LLAMA_CPP:
        return _safetensors(settings, path)
    candidates = models_among([each.name for each in path.iterdir() if each.is_file()])
    if not candidates:
        if (path / "config.json").is_file():
            raise Refusal(NOT_A_MODEL, f"{settings.model} holds a model for ENGINE=vllm: {LLAMA_CPP} wants a .gguf file")
        raise Refusal(NO_MODEL, f"{settings.model} has no .gguf file in it: is the volume mounted there?")
    if len(candidates) > 1:
        raise Refusal(
            NO_MODEL,
            f"{settings.model} has several models, and one container runs one. Put one of them into MODEL: {', '.join(candidates[:20])}",
        )
    return _file(f"{settings.model.rstrip('/')}/{candidates[0]}", path / candidates[0])


def models_among(names: list[str]) -> list[str]:
    """The models among names of files: of one in parts the first, and not what belongs to another."""
    found = []
    for name in sorted(names):
        part = PART.fullmatch(name)
        if name.endswith(".gguf") and not any(each in Path(name).name for each in BESIDE) and (part is None or int(part["number"]) == 1):
            found.append(name)
    return found


def _safetensors(settings: Settings, path: Path) -> Model:
    try:
        config = json.loads((path / "config.json").read_text())
        if not isinstance(config, dict):
            raise ValueError
    except FileNotFoundError:
        raise Refusal(NO_MODEL, f"{settings.model} has no config.json: {settings.engine} wants the folder of the model") from None
    except (OSError, ValueError):
        raise Refusal(NOT_A_MODEL, f"{settings.model}/config.json is not a model's description") from None
    weights = [each for pattern in ("*.safetensors", "*.bin") for each in path.glob(pattern)]
    if not weights:
        raise Refusal(NO_MODEL, f"{settings.model} has a config.json and no weights (*.safetensors)")
    return Model(settings.model, False, path.name, sum(each.stat().st_size for each in weights), config=config)


def _on_hub(settings: Settings, root: Path) -> Model:
    repository, _, quantisation = settings.model.partition(":")
    name = repository.split("/")[1]
    try:
        found = hub.Hub(settings.endpoint, settings.hub_token).repository(repository)
    except hub.Silent as error:
        # What a cache is for: the engine starts from it, too.
        if folder := hub.cached(repository, root):
            found = _in_cache(settings, folder, quantisation)
            return replace(found, reference=settings.model, on_hub=True, name=name, note=f"{error}: what was fetched before is used")
        raise Refusal(error.code, str(error)) from None
    if settings.engine != LLAMA_CPP:
        if "config.json" not in found.sizes:
            raise Refusal(NOT_A_MODEL, f"{repository} on the hub has no config.json: it is not for {settings.engine}")
        weights = [size for path, size in found.sizes.items() if path.endswith(".safetensors") and "/" not in path]
        return Model(settings.model, True, name, sum(weights) or None, config=found.json("config.json"))
    first = _quantisation(settings.model, list(found.sizes), quantisation)
    parts = [first]
    if part := PART.fullmatch(first):
        parts = [f"{part['stem']}-{number:05}-of-{part['parts']}.gguf" for number in range(1, int(part["parts"]) + 1)]
    try:
        with found.open(first) as stream:
            header = gguf.read(stream)
    except gguf.NotGguf as error:
        raise Refusal(NOT_A_MODEL, f"{first} of {repository} on the hub is {error}") from None
    return Model(settings.model, True, name, sum(found.sizes.get(each, 0) for each in parts), header)


def _in_cache(settings: Settings, folder: Path, quantisation: str) -> Model:
    if settings.engine != LLAMA_CPP:
        return _safetensors(settings, folder)
    first = _quantisation(settings.model, [str(path.relative_to(folder)) for path in folder.rglob("*.gguf")], quantisation)
    return _file(first, folder / first)


def _quantisation(model: str, names: list[str], wanted: str) -> str:
    """The file that llama.cpp will take, by its own order of preference."""
    models = models_among(names)
    for each in [wanted] if wanted else ["Q4_K_M", "Q8_0"]:
        pattern = re.compile(re.escape(each) + "[.-]", re.IGNORECASE)
        if matching := [name for name in models if pattern.search(name)]:
            return matching[0]
    if models and not wanted:
        return models[0]
    has = f"It has: {', '.join(models[:20])}" if models else "It has no GGUF file: look for a repository with GGUF in its name, or ENGINE=vllm"
    raise Refusal(NO_MODEL, f"there is no such file for {model} on the hub. {has}")
