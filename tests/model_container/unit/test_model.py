import http.server
import io
import json
import socket
import struct
import threading
import unittest

from support import LLAMA, Case, gguf, text, without_rights

import gguf as reader
import hub
import model


class Headers(Case):
    def test_what_a_header_says(self):
        header = reader.read(io.BytesIO(gguf({**LLAMA, "llama.attention.head_count_kv": [3] * 30})))
        self.assertEqual((header.architecture, header.layers, header.trained_context, header.vocabulary), ("llama", 30, 8192, 3))
        self.assertEqual(header.per_layer("attention.head_count_kv", 9), [3] * 30)

    def test_what_is_no_model_is_called_by_its_name(self):
        for content, said in {
            b"": "an empty file",
            b"version https://git-lfs.github.com/spec/v1\noid": "Git LFS",
            b"<!DOCTYPE html><title>404": "a web page",
            b"FUGG\0\0\0\3": "other byte order",
            b"PK\3\4": "ZIP archive",
            b"\x10\0\0\0\0\0\0\0" + b'{"a": 1}': "safetensors",
            b"anything else": "does not begin with the letters GGUF",
            gguf(version=1): "version 1",
            gguf()[:200]: "breaks off within its header",
            b"GGUF" + b"\3\0\0\0" + b"\xff" * 16: "impossible lengths",
            b"GGUF\3\0\0\0" + bytes(8) + b"\1" + bytes(7) + b"\xff" * 8: "impossible lengths",
        }.items():
            with self.assertRaises(reader.NotGguf) as raised:
                reader.read(io.BytesIO(content))
            self.assertIn(said, str(raised.exception))

    def check(self, content: bytes):
        stream = io.BytesIO(content)
        reader.check_end(stream, reader.read(stream), len(content))

    def test_every_beginning_of_a_file_is_refused_in_order(self):
        whole = gguf(weights=40)
        self.check(whole)
        for length in range(len(whole)):
            with self.assertRaises(reader.NotGguf):
                self.check(whole[:length])
        with self.assertRaisesRegex(reader.NotGguf, "breaks off within its tensors, 7 bytes before"):
            self.check(whole[:-7])

    def test_the_tensor_that_ends_last_counts(self):
        header = gguf({"general.alignment": 64}, weights=0)
        start = header[: header.index(text("weights"))].replace(struct.pack("<IQQ", 3, 1, 1), struct.pack("<IQQ", 3, 2, 1))
        # 512 numbers of Q4_K are 2 × 144 bytes; of a type that nobody knows yet only the place is known.
        tensors = text("a") + struct.pack("<IQQIQ", 2, 256, 2, 12, 64) + text("b") + struct.pack("<IQIQ", 1, 9, 99, 0)
        data = start + tensors
        data += bytes(-len(data) % 64)
        self.check(data + bytes(64 + 288))
        with self.assertRaisesRegex(reader.NotGguf, "1 bytes before"):
            self.check(data + bytes(64 + 287))


class Files(Case):
    def find(self, **variables: str) -> model.Model:
        return model.find(self.settings(**variables), self.root)

    def missing(self, code: int, **variables: str) -> str:
        return self.refused(code, model.find, self.settings(**variables), self.root)

    def test_a_file(self):
        size = self.put("/models/a.gguf", gguf()).stat().st_size
        found = self.find(MODEL="/models/a.gguf")
        self.assertEqual((found.reference, found.name, found.weights), ("/models/a.gguf", "a", size))

    def test_a_folder_with_one_model(self):
        self.put("/models/a.gguf", gguf())
        self.put("/models/mmproj-a.gguf", gguf())
        self.put("/models/README.md", "")
        self.assertEqual(self.find(MODEL="/models/").reference, "/models/a.gguf")

    def test_a_folder_with_several_models_names_them(self):
        self.put("/models/a.gguf", gguf())
        self.put("/models/b.gguf", gguf())
        self.assertIn("a.gguf, b.gguf", self.missing(66, MODEL="/models"))

    def test_a_model_in_parts(self):
        for part in (1, 2):
            self.put(f"/models/a-0000{part}-of-00003.gguf", gguf())
        self.assertIn("a-00003-of-00003.gguf", self.missing(66, MODEL="/models"))
        size = self.put("/models/a-00003-of-00003.gguf", gguf(weights=5000)).stat().st_size
        found = self.find(MODEL="/models")
        self.assertEqual((found.reference, found.name), ("/models/a-00001-of-00003.gguf", "a"))
        self.assertGreater(found.weights, size)
        self.assertIn("name the first", self.missing(65, MODEL="/models/a-00002-of-00003.gguf"))

    def test_what_is_missing_is_said_with_what_is_there(self):
        self.put("/models/a.gguf", gguf())
        self.assertIn("/models has: a.gguf", self.missing(66, MODEL="/models/b.gguf"))
        self.put("/empty/readme", "")
        self.assertIn("is the volume mounted", self.missing(66, MODEL="/empty"))
        self.assertIn("is the volume mounted", self.missing(66, MODEL="/empty/deeper/still.gguf"))

    def test_what_may_not_be_seen_hides_nothing_else(self):
        # As beside a mount that is not there: /root, which user 10001 may not look into.
        self.root.chmod(0o755)
        self.put("/root/config.json", "{}")
        (self.root / "root").chmod(0)
        with without_rights():
            self.assertIn("is the volume mounted", self.missing(66, MODEL="/models/a.gguf"))
            self.assertIn("/root/a.gguf may not be read by this user", self.missing(66, MODEL="/root/a.gguf"))
        (self.root / "shut").mkdir(mode=0o711)
        (self.root / "shut").chmod(0o311)
        with without_rights():
            self.assertIn("what is in it may not be seen", self.missing(66, MODEL="/shut/a.gguf"))

    def test_a_file_that_is_cut_in_its_weights(self):
        self.put("/models/a.gguf", gguf()[:-1])
        self.assertIn("/models/a.gguf is a GGUF file that breaks off within its tensors", self.missing(65, MODEL="/models"))
        self.put("/parts/a-00001-of-00002.gguf", gguf())
        self.put("/parts/a-00002-of-00002.gguf", gguf()[:-1])
        self.assertIn("/parts/a-00002-of-00002.gguf is a GGUF file that breaks off", self.missing(65, MODEL="/parts"))

    def test_weights_that_lie_there_in_several_forms_count_once(self):
        self.put("/models/config.json", "{}")
        self.put("/models/training_args.bin", bytes(7))
        self.assertIn("no weights", self.missing(66, MODEL="/models", ENGINE="vllm"))
        self.put("/models/pytorch_model.bin", bytes(100))
        self.assertEqual(self.find(ENGINE="vllm").weights, 100)
        self.put("/models/consolidated.safetensors", bytes(90))
        self.assertEqual(self.find(ENGINE="vllm").weights, 90)
        self.put("/models/model-1.safetensors", bytes(50))
        self.put("/models/model-2.safetensors", bytes(40))
        self.put("/models/adapter.safetensors", bytes(1))
        self.assertEqual(self.find(ENGINE="vllm").weights, 91)
        listed = {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}
        index = self.put("/models/model.safetensors.index.json", json.dumps({"weight_map": listed}))
        self.assertEqual(self.find(ENGINE="vllm").weights, 90)
        index.write_text(json.dumps({"weight_map": {**listed, "d": "model-3.safetensors"}}))
        self.assertIn("names model-3.safetensors, which is not there", self.missing(66, ENGINE="vllm"))
        for broken in ("[]", "{}", '{"weight_map": {"a": 1}}', "{"):
            index.write_text(broken)
            self.assertIn("is no list of weights", self.missing(65, ENGINE="vllm"))

    def test_models_of_the_other_engine(self):
        self.put("/models/config.json", '{"max_position_embeddings": 2048}')
        self.assertIn("no weights", self.missing(66, MODEL="/models", ENGINE="vllm"))
        self.put("/models/model.safetensors", bytes(100))
        self.assertIn("ENGINE=vllm", self.missing(65, MODEL="/models"))
        found = self.find(MODEL="/models", ENGINE="vllm")
        self.assertEqual((found.weights, found.trained_context), (100, 2048))
        self.put("/models/a.gguf", gguf())
        self.assertIn("wants the folder", self.missing(65, MODEL="/models/a.gguf", ENGINE="vllm"))
        self.put("/models/config.json", "[]")
        self.assertIn("not a model's description", self.missing(65, MODEL="/models", ENGINE="vllm"))

    def test_an_adapter_is_no_model(self):
        self.put("/models/a.gguf", gguf({**LLAMA, "general.type": "adapter"}))
        self.assertIn("its adapter", self.missing(65, MODEL="/models/a.gguf"))


COMMIT = "0" * 40


class Hub(Case):
    """A hub on this machine, as far as the engines ask one."""

    def setUp(self):
        super().setUp()
        case = self
        self.files = {"a-Q8_0.gguf": gguf(), "a-Q4_K_M.gguf": gguf(weights=50), "mmproj-a.gguf": gguf(), "config.json": b"{}"}
        self.token = None
        self.asked = []
        self.cut = None

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                case.asked.append((self.path, self.headers.get("authorization"), self.server.server_port))
                status, body = case.answer(self.path, self.headers.get("authorization"))
                self.send_response(status)
                if status == 302:
                    self.send_header("location", body.decode())
                self.end_headers()
                if self.path.startswith("/store/") and case.cut:
                    case.cut(self, body)
                else:
                    self.wfile.write(b"" if status == 302 else body)

            def log_message(self, *_):
                pass

        def serve() -> str:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        self.endpoint = serve()
        self.store = serve()

    def break_off(self, handler: http.server.BaseHTTPRequestHandler, body: bytes):
        handler.wfile.write(body[:100])

    def reset(self, handler: http.server.BaseHTTPRequestHandler, body: bytes):
        handler.wfile.write(body[:100])
        # Closed with nothing more to wait for: the other side gets a reset.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        if path.startswith("/store/"):
            return 200, self.files[path.removeprefix("/store/")]
        if self.token and authorization != f"Bearer {self.token}":
            return 401, b""
        if path == "/api/models/owner/name/refs":
            return 200, json.dumps({"branches": [{"name": "main", "targetCommit": COMMIT}]}).encode()
        if path == f"/api/models/owner/name/tree/{COMMIT}?recursive=true":
            return 200, json.dumps([{"type": "file", "path": name, "size": len(data)} for name, data in self.files.items()]).encode()
        prefix = f"/owner/name/resolve/{COMMIT}/"
        if path.startswith(prefix):
            return 302, f"{self.store}/store/{path.removeprefix(prefix)}".encode()
        return 404, b""

    def find(self, name: str = "owner/name", **variables: str) -> model.Model:
        return model.find(self.settings(MODEL=name, HF_ENDPOINT=self.endpoint, **variables), self.root)

    def missing(self, code: int, name: str = "owner/name", **variables: str) -> str:
        return self.refused(code, lambda: self.find(name, **variables))

    def test_the_file_is_the_one_that_the_engine_takes(self):
        found = self.find()
        self.assertEqual((found.reference, found.on_hub, found.name), ("owner/name", True, "name"))
        self.assertEqual((found.weights, found.header.layers), (len(self.files["a-Q4_K_M.gguf"]), 30))
        self.assertEqual(self.find("owner/name:q8_0").weights, len(self.files["a-Q8_0.gguf"]))
        self.assertIn("It has: a-Q4_K_M.gguf, a-Q8_0.gguf", self.missing(66, "owner/name:Q2_K"))

    def test_what_the_hub_has_not(self):
        self.assertIn("the hub has no owner/other", self.missing(66, "owner/other"))
        self.files = {"config.json": b"{}", "model.safetensors": bytes(70)}
        self.assertIn("no GGUF file", self.missing(66))
        self.assertEqual(self.find(ENGINE="vllm").weights, 70)
        self.files = {"a.gguf": b"<html>"}
        self.assertIn("a web page", self.missing(65))
        self.assertIn("no config.json", self.missing(65, ENGINE="vllm"))

    def test_a_token_goes_to_the_hub_and_nowhere_else(self):
        self.token = "hub-secret"
        self.assertIn("without HF_TOKEN", self.missing(77))
        message = self.missing(77, HF_TOKEN="wrong-secret")
        self.assertIn("the token in HF_TOKEN may not", message)
        self.assertNotIn("secret", message)
        self.asked.clear()
        self.find(HF_TOKEN="hub-secret")
        port = int(self.endpoint.rsplit(":", 1)[1])
        for path, authorization, asked in self.asked:
            self.assertEqual(authorization, "Bearer hub-secret" if asked == port else None, path)
        self.assertEqual({asked for _, _, asked in self.asked}, {port, int(self.store.rsplit(":", 1)[1])})

    def test_a_silent_hub_matters_only_without_a_copy(self):
        self.endpoint = "http://127.0.0.1:9"
        self.assertIn("cannot be reached", self.missing(75))
        folder = "/cache/huggingface/hub/models--owner--name"
        self.put(f"{folder}/snapshots/{COMMIT}/sub/a-Q8_0.gguf", gguf())
        self.assertIn("cannot be reached", self.missing(75))
        self.put(f"{folder}/refs/main", COMMIT)
        found = self.find()
        self.assertEqual((found.reference, found.on_hub, found.name), ("owner/name", True, "name"))
        self.assertEqual((found.header.layers, found.weights), (30, len(gguf())))
        self.assertIn("what was fetched before is used", found.note)
        self.assertIn("It has: sub/a-Q8_0.gguf", self.missing(66, "owner/name:Q4_0"))
        elsewhere = {"HF_HUB_CACHE": "/elsewhere"}
        self.assertIsNone(hub.cached("owner/name", self.root, elsewhere))

    def test_a_hub_that_breaks_off_is_a_silent_one(self):
        folder = "/cache/huggingface/hub/models--owner--name"
        for cut in (self.break_off, self.reset):
            self.cut = cut
            self.assertIn("broke off in the middle of a-Q4_K_M.gguf", self.missing(75))
        self.put(f"{folder}/snapshots/{COMMIT}/a-Q8_0.gguf", gguf())
        self.put(f"{folder}/refs/main", COMMIT)
        for cut in (self.break_off, self.reset):
            self.cut = cut
            found = self.find()
            self.assertEqual((found.on_hub, found.header.layers), (True, 30))
            self.assertIn("what was fetched before is used", found.note)

    def test_weights_of_a_folder_on_the_hub(self):
        self.files = {"config.json": b"{}", "consolidated.safetensors": bytes(70), "model-1.safetensors": bytes(60), "pytorch_model.bin": bytes(80)}
        self.assertEqual(self.find(ENGINE="vllm").weights, 60)
        self.files["other.safetensors"] = bytes(5)
        self.files["model.safetensors.index.json"] = b'{"weight_map": {"a": "model-1.safetensors"}}'
        self.assertEqual(self.find(ENGINE="vllm").weights, 60)
        del self.files["model.safetensors.index.json"], self.files["other.safetensors"], self.files["model-1.safetensors"]
        del self.files["consolidated.safetensors"]
        self.assertEqual(self.find(ENGINE="vllm").weights, 80)

    def test_what_is_no_hub(self):
        self.answer = lambda *_: (200, b"<html>")
        self.assertIn("does not answer as a hub does", self.missing(75))
        self.answer = lambda *_: (200, b'{"branches": []}')
        self.assertIn("does not answer as a hub does", self.missing(75))
        self.answer = lambda *_: (503, b"")
        self.assertIn("answered 503", self.missing(75))


if __name__ == "__main__":
    unittest.main()
