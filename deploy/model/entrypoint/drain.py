"""Whether the engine is answering somebody right now. llama.cpp's server, told to stop, falls silent in the middle of its answers
and waits for their callers to leave: so it is told only when there are none.

The rule: an engine that takes its time is busy, since llama.cpp says how busy it is between two steps of its work. One where nobody
listens, or that answers something else, is idle. How long a busy one is waited for is bounded by whoever asks.
"""

import http.client
import json

from health import address
from settings import LLAMA_CPP, Settings

TIMEOUT = 2


def busy(settings: Settings):
    """A question to be asked again and again; `None` for an engine that sees to it itself (vLLM: --shutdown-timeout)."""
    return (lambda: _is_busy(settings)) if settings.engine == LLAMA_CPP else None


def _is_busy(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(address(settings.host), settings.port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    try:
        connection.request("GET", "/slots", headers=headers)
        answer = connection.getresponse()
        slots = json.loads(answer.read()) if answer.status == 200 else []
        return isinstance(slots, list) and any(isinstance(slot, dict) and slot.get("is_processing") is True for slot in slots)
    except TimeoutError:
        return True
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
