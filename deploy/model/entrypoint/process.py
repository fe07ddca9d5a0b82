"""Runs the engine as the first process of a container has to: signals reach it, what others leave behind is waited for, and
nothing survives it.

The rule: told to stop, it lets running answers come to their end, ends within the time that was set, and with 0 unless the engine had
to be killed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

from refusal import ENGINE_ENDED

_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
_PR_SET_PDEATHSIG = 1
# How often a busy engine is looked at, and how much of the time an engine that never gets idle has for its own end.
_LOOK = 0.25
_LAST_WORDS = 3.0


def stop_at_once(say) -> None:
    """What being told to stop means until there is an engine: nothing is there that could end in order. `run` takes over."""

    def stop(number: int, _frame) -> None:
        say(f"{signal.Signals(number).name}: stopped before the engine was started")
        sys.exit(0)

    for number in _STOP:
        signal.signal(number, stop)


def run(command: list[str], environment: dict[str, str], stop_seconds: int, say, busy=None) -> int:
    """The exit code. `busy` says whether the engine is answering somebody."""
    # Blocked, so that none is lost between two looks; the engine gets them unblocked.
    waited_for = {*_STOP, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    # In a session of its own: a Ctrl-C at a terminal reaches it through this process alone, and so only once. llama.cpp takes
    # the second for "now".
    engine = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_in_the_engine)
    # When it has to be over, and until when running answers may go on.
    deadline = drained_by = None
    killed = False
    while True:
        status = _reap(engine.pid)
        if status is not None:
            break
        now = time.monotonic()
        wait = None
        if drained_by is not None:
            wait = _LOOK
            if now >= drained_by or busy is None or not busy():
                drained_by = None
                _send(engine.pid, signal.SIGTERM)
        elif deadline is not None:
            wait = deadline - now
            if wait <= 0:
                if not killed:
                    say(f"the engine did not stop within {stop_seconds} s, and is killed")
                killed = True
                _kill_group(engine.pid)
                wait = 1.0
        received = signal.sigwaitinfo(waited_for) if wait is None else signal.sigtimedwait(waited_for, wait)
        if received is None or received.si_signo == signal.SIGCHLD:
            continue
        if deadline is None:
            say(f"{signal.Signals(received.si_signo).name}: the engine is told to stop as soon as it answers nobody")
            deadline = time.monotonic() + stop_seconds
            drained_by = deadline - min(_LAST_WORDS, stop_seconds / 2)
        else:
            deadline, drained_by = time.monotonic(), None
    # Workers of vLLM outlive a server that was killed, and keep the GPU.
    _kill_group(engine.pid)
    return _exit_code(os.waitstatus_to_exitcode(status), deadline is not None, killed, say)


def _in_the_engine() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # Outside a container, nobody else would end it if this process were killed.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _reap(engine: int) -> int | None:
    """Waits for all that has ended, whoever's child it was; the status of the engine when it is among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == engine:
            found = status


def _send(engine: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(engine, number)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _exit_code(code: int, asked: bool, killed: bool, say) -> int:
    if asked and not killed:
        # Ended by the signal or in order: as was asked.
        if code in (0, -signal.SIGTERM):
            say("the engine has stopped")
            return 0
    elif not asked and code == -signal.SIGKILL:
        say("the engine was killed from outside: most often the memory ran out (docker inspect: OOMKilled)")
    elif not asked and code == 0:
        say("the engine ended by itself")
        return ENGINE_ENDED
    if code < 0:
        say(f"the engine ended by {signal.Signals(-code).name}")
        return 128 - code
    say(f"the engine ended with {code}")
    return code
