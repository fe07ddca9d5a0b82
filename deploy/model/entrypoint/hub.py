"""The hub that models are fetched from, over the API that llama.cpp and vLLM use themselves: which files a repository has, how
large they are, and the beginning of one.

The rule: the token goes to the hub's own address only, not to where it redirects, and into no message.
"""

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from refusal import HUB_REFUSES, HUB_SILENT, NO_MODEL, NOT_A_MODEL, Refusal

TIMEOUT = 20
_MOST_JSON = 32 << 20


class Silent(Refusal):
    """The hub did not answer, or not sensibly."""


class _TokenStays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, *rest):
        following = super().redirect_request(request, *rest)
        if following and urllib.parse.urlsplit(following.full_url).netloc != urllib.parse.urlsplit(request.full_url).netloc:
            following.remove_header("Authorization")
        return following


@dataclass(frozen=True)
class Repository:
    """One state of a repository: the size of each file, by its path."""

    hub: "Hub"
    name: str
    commit: str
    sizes: dict[str, int]

    def open(self, path: str) -> "Download":
        """A file from its beginning; whoever reads stops when there is enough."""
        answer = self.hub.ask(f"{self.name}/resolve/{self.commit}/{urllib.parse.quote(path)}", self.name)
        return Download(answer, self.sizes[path], f"{self.hub.endpoint} broke off in the middle of {path} of {self.name}")

    def json(self, path: str) -> dict:
        value = self.hub.json(f"{self.name}/resolve/{self.commit}/{path}", self.name)
        if not isinstance(value, dict):
            raise Refusal(NOT_A_MODEL, f"{path} of {self.name} on the hub is not a model's description")
        return value


class Download:
    """A file that is being fetched. However its connection ends before the file does: it is the hub that has fallen silent, and
    not the file that is broken."""

    def __init__(self, answer, size: int, message: str):
        self.answer = answer
        self.left = size
        self.message = message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()

    def read(self, length: int) -> bytes:
        try:
            data = self.answer.read(length)
        except (OSError, http.client.HTTPException) as error:
            raise Silent(HUB_SILENT, f"{self.message}: {str(error) or type(error).__name__}") from None
        self.left -= len(data)
        if length and not data and self.left > 0:
            raise Silent(HUB_SILENT, self.message)
        return data


class Hub:
    def __init__(self, endpoint: str, token: str | None):
        self.endpoint = endpoint
        self.token = token
        # HTTPS_PROXY and NO_PROXY are honoured, as the engines do.
        self.opener = urllib.request.build_opener(_TokenStays)

    def repository(self, name: str) -> Repository:
        refs = self.json(f"api/models/{name}/refs", name)
        try:
            commits = {branch["name"]: branch["targetCommit"] for branch in refs["branches"]}
            commit = commits.get("main") or next(iter(commits.values()))
            tree = self.json(f"api/models/{name}/tree/{urllib.parse.quote(commit, safe='')}?recursive=true", name)
            sizes = {item["path"]: int((item.get("lfs") or item)["size"]) for item in tree if item["type"] == "file"}
        except (KeyError, TypeError, ValueError, StopIteration):
            raise Silent(HUB_SILENT, f"{self.endpoint} does not answer as a hub does") from None
        return Repository(self, name, commit, sizes)

    def json(self, path: str, name: str):
        try:
            with self.ask(path, name) as answer:
                return json.loads(answer.read(_MOST_JSON))
        except (ValueError, OSError, http.client.HTTPException):
            raise Silent(HUB_SILENT, f"{self.endpoint} does not answer as a hub does") from None

    def ask(self, path: str, name: str):
        request = urllib.request.Request(f"{self.endpoint}/{path}", headers={"User-Agent": "understudy-model"})
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return self.opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error.code, name) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Silent(HUB_SILENT, f"{self.endpoint} cannot be reached for {name}: {reason}") from None

    def _refusal(self, status: int, name: str) -> Refusal:
        if status in (401, 403):
            # To whoever has no token, the hub says the same of a repository that does not exist.
            advice = "the token in HF_TOKEN may not read it" if self.token else "without HF_TOKEN"
            return Refusal(HUB_REFUSES, f"the hub does not give {name} out ({status}), {advice}: it is private, gated or misspelt")
        if status == 404:
            return Refusal(NO_MODEL, f"the hub has no {name}")
        return Silent(HUB_SILENT, f"{self.endpoint} answered {status} for {name}: try again later")


def cached(repository: str, root: Path = Path("/"), environment=os.environ) -> Path | None:
    """The folder of what an earlier start has fetched of a repository. Both engines keep it there (see the Dockerfile)."""
    cache = environment.get("HF_HUB_CACHE") or os.path.join(environment.get("HF_HOME", "/cache/huggingface"), "hub")
    folder = root / cache.lstrip("/") / f"models--{repository.replace('/', '--')}"
    try:
        snapshot = folder / "snapshots" / (folder / "refs/main").read_text().strip()
        return snapshot if any(snapshot.iterdir()) else None
    except OSError:
        return None
