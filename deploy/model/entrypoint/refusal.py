"""Why the container does not start, as a message and an exit code. The codes are those of sysexits.h, as in the service itself."""

# The model is there, and is none that this engine can load.
NOT_A_MODEL = 65
# The model is not there.
NO_MODEL = 66
# The engine, its GPU or the port is not there.
NO_ENGINE = 69
# The engine ended by itself without saying that anything was wrong.
ENGINE_ENDED = 70
# The model does not fit the memory.
NO_MEMORY = 71
# The hub did not answer: the next try may succeed.
HUB_SILENT = 75
# The hub does not let this token, or nobody without one, have the model.
HUB_REFUSES = 77
# A variable is wrong.
CONFIGURATION = 78


class Refusal(Exception):
    """Says why, and with which exit code."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code
