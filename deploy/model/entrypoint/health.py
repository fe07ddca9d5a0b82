"""The health check of the container: ends with 0 when the engine says that it can answer. Both engines say so at /health, without
a key and without working for it.

The rule: one line, which `docker inspect` shows, and an end within the time of the check.
"""

import http.client
import os
import sys

TIMEOUT = 4


def address(host: str) -> str:
    """Where to ask what listens there: everywhere is also here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def main() -> int:
    host = address(os.environ.get("HOST", "0.0.0.0"))
    connection = http.client.HTTPConnection(host, int(os.environ.get("PORT", "8000")), timeout=TIMEOUT)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"the engine does not answer yet, or no more: {error}")
        return 1
    print(f"the engine answers {status}" + (": the model is being loaded" if status == 503 else ""))
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
