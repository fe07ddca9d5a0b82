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
# Which file has which tensor, of a model that is a folder.
INDEX = "model.safetensors.index.json"
# What training leaves behind, and no engine loads.
OF_TRAINING = ("training_args.bin", "optimizer.bin", "scheduler.bin")
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
        there = path.exists()
    except PermissionError as error:
        raise Refusal(NO_MODEL, f"{settings.model} may not be read by this user: {error.strerror}") from None
    if not there:
        raise Refusal(NO_MODEL, f"there is no {settings.model}. {_what_is_there(settings.model, path)}")
    if settings.engine != LLAMA_CPP:
        raise Refusal(NOT_A_MODEL, f"{settings.model} is a file: {settings.engine} wants the folder with config.json and the weights")
    return _file(settings.model, path)


def _what_is_there(named: str, path: Path) -> str:
    """The nearest folder that exists, and what models it holds: most often the volume is mounted elsewhere, or not at all."""
    folder = path.parent
    name = Path(named).parent
    while not folder.is_dir():
        folder, name = folder.parent, name.parent
    try:
        models = sorted(each.name for each in folder.iterdir() if each.suffix == ".gguf" or _is_model(each))
    except OSError as error:
        return f"{name} exists, and what is in it may not be seen: {error.strerror}"
    if models:
        return f"{name} has: {', '.join(models[:20])}{' and more' if len(models) > 20 else ''}"
    return f"{name} exists, and has no model in it: is the volume mounted there?"


def _is_model(folder: Path) -> bool:
    """Whether it is a folder of vLLM's. One that may not be looked into (/root, beside a mount that is not there) is none."""
    try:
        return (folder / "config.json").is_file()
    except OSError:
        return False


def _file(named: str, path: Path) -> Model:
    header = _whole(named, path)
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
        for part in parts[1:]:
            _whole(str(Path(named).with_name(part.name)), part)
    return Model(named, False, name, sum(part.stat().st_size for part in parts), header)


def _whole(named: str, path: Path) -> gguf.Header:
    """The header of a file that has all that its header speaks of."""
    try:
        with path.open("rb") as stream:
            header = gguf.read(stream)
            gguf.check_end(stream, header, path.stat().st_size)
    except gguf.NotGguf as error:
        raise Refusal(NOT_A_MODEL, f"{named} is {error}") from None
    except OSError as error:
        raise Refusal(NO_MODEL, f"{named} cannot be read: {error.strerror}") from None
    return header


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
    sizes = {each.name: each.stat().st_size for each in path.iterdir() if each.is_file()}
    index = None
    if INDEX in sizes:
        try:
            index = json.loads((path / INDEX).read_text())
        except (OSError, ValueError):
            raise Refusal(NOT_A_MODEL, f"{settings.model}/{INDEX} is no list of weights") from None
    weights = _weights(settings.model, sizes, index)
    if weights is None:
        raise Refusal(NO_MODEL, f"{settings.model} has a config.json and no weights (*.safetensors)")
    return Model(settings.model, False, path.name, weights, config=config)


def _weights(named: str, sizes: dict[str, int], index) -> int | None:
    """How large the files are that vLLM loads, of all that lie in a folder: those of the list, and else one form of the weights.
    Many a repository has the same weights twice (consolidated*.safetensors) or three times (*.bin)."""
    if index is not None:
        listed = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(listed, dict) or not listed or not all(isinstance(each, str) for each in listed.values()):
            raise Refusal(NOT_A_MODEL, f"{named}/{INDEX} is no list of weights")
        missing = sorted(set(listed.values()) - sizes.keys())
        if missing:
            raise Refusal(NO_MODEL, f"{named} is not complete: {INDEX} names {', '.join(missing[:5])}, which is not there")
        return sum(sizes[each] for each in set(listed.values()))
    safetensors = [each for each in sizes if each.endswith(".safetensors") and "/" not in each]
    forms = (
        [each for each in safetensors if not each.startswith("consolidated")],
        safetensors,
        [each for each in sizes if each.endswith(".bin") and "/" not in each and each not in OF_TRAINING],
    )
    chosen = next((form for form in forms if form), None)
    return None if chosen is None else sum(sizes[each] for each in chosen)


def _on_hub(settings: Settings, root: Path) -> Model:
    repository, _, quantisation = settings.model.partition(":")
    name = repository.split("/")[1]
    try:
        return _there(settings, repository, name, quantisation)
    except hub.Silent as error:
        # What a cache is for: the engine starts from it, too.
        folder = hub.cached(repository, root)
        if folder is None:
            raise
        found = _in_cache(settings, folder, quantisation)
        return replace(found, reference=settings.model, on_hub=True, name=name, note=f"{error}: what was fetched before is used")


def _there(settings: Settings, repository: str, name: str, quantisation: str) -> Model:
    """What the hub has, as far as it can be known without fetching it."""
    found = hub.Hub(settings.endpoint, settings.hub_token).repository(repository)
    if settings.engine != LLAMA_CPP:
        if "config.json" not in found.sizes:
            raise Refusal(NOT_A_MODEL, f"{repository} on the hub has no config.json: it is not for {settings.engine}")
        index = found.json(INDEX) if INDEX in found.sizes else None
        return Model(settings.model, True, name, _weights(repository, found.sizes, index), config=found.json("config.json"))
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
