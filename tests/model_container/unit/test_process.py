import os
import signal
import socket
import subprocess
import sys
import threading
import unittest
from unittest import mock

from support import Case

import drain

RUN = """
import sys
sys.path.insert(0, {folder!r})
import os, process
say = lambda message: print(message, flush=True)
busy = (lambda: os.path.exists(sys.argv[2])) if sys.argv[2] else None
sys.exit(process.run(sys.argv[3:], dict(PATH="/usr/bin:/bin"), int(sys.argv[1]), say, busy))
"""
FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "..", "deploy", "model", "entrypoint")


class FirstProcess(Case):
    """`sh` plays the engine."""

    def start(self, script: str, stop_seconds: int = 30, busy: str = "") -> subprocess.Popen:
        """`busy` is a file: while it is there, the engine is answering somebody."""
        command = [sys.executable, "-c", RUN.format(folder=FOLDER), str(stop_seconds), busy, "/bin/sh", "-c", script]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(started.stdout.close)
        self.addCleanup(started.wait)
        self.addCleanup(started.kill)
        return started

    def end(self, started: subprocess.Popen) -> tuple[int, str]:
        printed, _ = started.communicate(timeout=60)
        return started.returncode, printed

    def test_the_engines_own_code_is_the_containers(self):
        self.assertEqual(self.end(self.start("exit 3")), (3, "the engine ended with 3\n"))
        self.assertEqual(self.end(self.start("kill -SEGV $$"))[0], 139)

    def test_an_end_that_nobody_asked_for_is_no_success(self):
        self.assertEqual(self.end(self.start("exit 0"))[0], 70)

    def test_a_kill_from_outside_is_explained(self):
        code, printed = self.end(self.start("kill -KILL $$"))
        self.assertEqual(code, 137)
        self.assertIn("memory ran out", printed)

    def test_each_signal_that_means_the_end_becomes_the_one_that_engines_know(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            started = self.start("trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
            self.assertEqual(started.stdout.readline(), "ready\n")
            started.send_signal(number)
            code, printed = self.end(started)
            self.assertEqual(code, 0)
            self.assertIn("told\n", printed)

    def test_an_engine_without_a_handler_stops_as_well(self):
        started = self.start("echo ready; exec sleep 1000")
        started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(started)[0], 0)

    def test_an_engine_that_does_not_stop_is_killed_in_time(self):
        started = self.start("trap '' TERM; echo ready; while :; do sleep 0.1; done", stop_seconds=1)
        started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        code, printed = self.end(started)
        self.assertEqual(code, 137)
        self.assertIn("did not stop within 1 s", printed)

    def test_running_answers_come_to_their_end(self):
        answering = self.put("/answering", "")
        script = f"trap 'echo cut off; exit 9' TERM; echo ready; sleep 2; trap - TERM; rm {answering}; exec sleep 1000"
        started = self.start(script, 60, str(answering))
        started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        code, printed = self.end(started)
        self.assertEqual(code, 0, printed)
        self.assertNotIn("cut off", printed)

    def test_answers_without_an_end_are_waited_for_no_longer_than_was_set(self):
        answering = self.put("/answering", "")
        started = self.start("echo ready; exec sleep 1000", 2, str(answering))
        started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(started)[0], 0)

    def test_the_second_signal_is_the_last(self):
        started = self.start("trap 'echo told' TERM; echo ready; while :; do sleep 0.1; done", stop_seconds=3000)
        for line in ("ready\n", "SIGTERM: the engine is told to stop as soon as it answers nobody\n"):
            self.assertEqual(started.stdout.readline(), line)
            started.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(started)[0], 137)

    def test_nothing_outlives_the_engine(self):
        # A worker that holds the pipe: reading to its end would never end with it alive.
        started = self.start("trap '' TERM; sleep 1000 & echo $!; exit 5")
        worker = int(started.stdout.readline())
        self.assertEqual(self.end(started)[0], 5)
        with self.assertRaises(ProcessLookupError):
            for _ in range(600):
                os.kill(worker, 0)
                subprocess.run(["sleep", "0.1"])


class Busy(Case):
    """A server in the place of the engine's."""

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)

    def busy(self, answer: bytes | None) -> bool:
        """What is thought of an engine that answers this, or nothing at all."""

        def serve():
            connection, _ = self.listener.accept()
            with connection:
                connection.recv(4096)
                if answer is None:
                    # Until the other side has had enough.
                    connection.recv(4096)
                else:
                    connection.sendall(b"HTTP/1.1 " + answer)

        server = threading.Thread(target=serve)
        server.start()
        self.addCleanup(server.join)
        return drain.busy(self.settings(HOST="127.0.0.1", PORT=str(self.listener.getsockname()[1])))()

    def test_an_engine_is_busy_when_it_says_so_or_says_nothing(self):
        slots = b'200 OK\r\n\r\n[{"is_processing": false}, {"is_processing": %s}]'
        self.assertTrue(self.busy(slots % b"true"))
        self.assertFalse(self.busy(slots % b"false"))
        self.assertFalse(self.busy(b'503 Loading\r\n\r\n{"error": "loading"}'))
        self.assertFalse(self.busy(b"200 OK\r\n\r\nno JSON"))
        with mock.patch.object(drain, "TIMEOUT", 0.2):
            self.assertTrue(self.busy(None), "llama.cpp in the middle of a long question")

    def test_nobody_is_not_busy(self):
        port = self.listener.getsockname()[1]
        self.listener.close()
        self.assertFalse(drain.busy(self.settings(HOST="127.0.0.1", PORT=str(port)))())

    def test_vllm_sees_to_it_itself(self):
        self.assertIsNone(drain.busy(self.settings(ENGINE="vllm")))


class BeforeTheEngine(Case):
    """The entry point as it is, with a hub that takes the request and says nothing for as long as it is asked."""

    def test_it_stops_while_the_hub_is_asked(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with socket.create_server(("127.0.0.1", 0)) as hub:
                self.put("/llama-server", "#!/bin/sh\nexit 9\n").chmod(0o755)
                address = f"http://127.0.0.1:{hub.getsockname()[1]}"
                environment = {"PATH": f"{self.root}:/usr/bin:/bin", "MODEL": "owner/name", "HF_ENDPOINT": address}
                started = subprocess.Popen([sys.executable, FOLDER], env=environment, stderr=subprocess.PIPE, text=True)
                self.addCleanup(started.stderr.close)
                self.addCleanup(started.wait)
                self.addCleanup(started.kill)
                hub.settimeout(60)
                asking, _ = hub.accept()
                with asking:
                    started.send_signal(number)
                    _, printed = started.communicate(timeout=60)
            # Without a handler the code were that of the signal, and the first process of a container would not even hear of it.
            self.assertEqual(started.returncode, 0, printed)
            self.assertEqual(printed, f"model: {number.name}: stopped before the engine was started\n")


if __name__ == "__main__":
    unittest.main()
