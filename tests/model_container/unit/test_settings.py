import unittest

from support import Case

import engine
import settings
from model import Model


class Settings(Case):
    def faults(self, environment: dict, *words: str) -> list[str]:
        message = self.refused(78, settings.read, environment, list(words), self.root)
        return [line.strip() for line in message.splitlines()[1:]]

    def test_defaults(self):
        read = self.settings()
        self.assertEqual((read.engine, read.host, read.port), ("llama.cpp", "0.0.0.0", 8000))
        self.assertEqual((read.context, read.parallel, read.gpu_layers, read.arguments), (None, 1, None, []))

    def test_every_fault_is_in_one_message(self):
        faults = self.faults(
            {
                "ENGINE": "ollama",
                "PORT": "70000",
                "CONTEXT": "4k",
                "PARALLEL": "0",
                "GPU_LAYERS": "some",
                "MEMORY": "much",
                "MEMORY_CHECK": "maybe",
                "STOP_SECONDS": "",
                "MODEL_NAME": "my model",
                "HF_ENDPOINT": "https://user:secret@hub.example",
                "EXTRA_ARGS": "--port 1 'open",
                "API_KEY": "two words",
            }
        )
        named = {fault.split()[0] for fault in faults}
        self.assertEqual(
            named,
            {
                "MODEL", "ENGINE", "PORT", "CONTEXT", "PARALLEL", "GPU_LAYERS", "MEMORY", "MEMORY_CHECK", "STOP_SECONDS",
                "MODEL_NAME", "HF_ENDPOINT", "EXTRA_ARGS", "API_KEY",
            },
            faults,
        )
        self.assertNotIn("secret", "".join(faults))
        self.assertNotIn("two words", "".join(faults))

    def test_models_that_are_neither_a_path_nor_a_name(self):
        for value in ["models/some.gguf", "./some.gguf", "some.gguf", "a/b/c", "https://hub.example/a/b", "a/b:c:d", "../a"]:
            self.assertEqual(len(self.faults({"MODEL": value})), 1, value)
        for value in ["/models/some.gguf", "/models", "owner/name", "owner/name-GGUF:Q4_K_M"]:
            self.assertEqual(self.settings(MODEL=value).model, value)
        [fault] = self.faults({"MODEL": "owner/name:Q4_K_M", "ENGINE": "vllm"})
        self.assertIn("only llama.cpp", fault)

    def test_arguments_that_a_variable_is_for_are_refused_without_their_value(self):
        faults = self.faults({"MODEL": "/m", "EXTRA_ARGS": "--api-key=top-secret -c 5"}, "--port", "1")
        self.assertEqual(len(faults), 3, faults)
        self.assertNotIn("top-secret", "".join(faults))
        read = self.settings("--temp", "0", EXTRA_ARGS="--chat-template 'a b'")
        self.assertEqual(read.arguments, ["--chat-template", "a b", "--temp", "0"])

    def test_arguments_are_known_in_every_spelling_of_the_engines(self):
        for engine_, words in {
            "llama.cpp": ["--api_key", "k", "--ctx_size=5", "--n_gpu_layers", "7", "--hf_token", "t"],
            "vllm": ["--api_key=k", "--max_model_len", "5", "--served_model-name", "x", "--api-k", "k", "--hf-t=t"],
        }.items():
            faults = self.faults({"MODEL": "/m", "ENGINE": engine_}, *words)
            self.assertEqual(len(faults), sum(word.startswith("--") for word in words), faults)
        # What only begins alike is another argument, and so is a value with a stroke in it.
        for engine_ in ("llama.cpp", "vllm"):
            for words in (["--port-range", "1"], ["--chat-template", "a_b"], ["-api_key"], ["--"]):
                self.assertEqual(self.settings(*words, ENGINE=engine_).arguments, words)

    def test_sizes(self):
        for value, size in {"512M": 512 << 20, "6.5G": 13 << 29, "2 GiB": 2 << 30, "1048576": 1 << 20}.items():
            self.assertEqual(self.settings(MEMORY=value).memory, size, value)

    def test_secrets_come_from_files_as_well(self):
        self.put("/run/secrets/key", "from a file\n")
        self.assertIn("API_KEY may not have", "".join(self.faults({"MODEL": "/m", "API_KEY_FILE": "/run/secrets/key"})))
        self.put("/run/secrets/key", "from-a-file\n")
        self.assertEqual(self.settings(API_KEY_FILE="/run/secrets/key").api_key, "from-a-file")
        both = self.faults({"MODEL": "/m", "API_KEY": "x", "API_KEY_FILE": "/run/secrets/key", "HF_TOKEN_FILE": "/none"})
        self.assertEqual([fault.split()[0] for fault in both], ["API_KEY", "HF_TOKEN_FILE:"], both)

    def test_nothing_that_is_printed_has_a_secret(self):
        read = self.settings(API_KEY="key-secret", HF_TOKEN="hub-secret")
        self.assertNotIn("secret", repr(read))
        model = Model("/m.gguf", False, "m")
        for chosen in [read, self.settings(ENGINE="vllm", API_KEY="key-secret", HF_TOKEN="hub-secret")]:
            self.assertNotIn("secret", " ".join(engine.command(chosen, model, "engine", 4096)))


class CommandLines(Case):
    def test_llama_cpp(self):
        read = self.settings("--temp", "0", PORT="8001", PARALLEL="4", GPU_LAYERS="all", HOST="::", API_KEY="k", HF_TOKEN="t")
        line = engine.command(read, Model("/models/a.gguf", False, "a"), "llama-server", 2048, threads=3, prompt_cache=100)
        self.assertEqual(
            " ".join(line),
            "llama-server --model /models/a.gguf --alias a --ctx-size 8192 --parallel 4 --n-gpu-layers 9999 --threads 3 "
            "--cache-ram 100 --host :: --port 8001 --temp 0",
        )
        given = engine.environment(read, {"PATH": "/bin", "API_KEY": "k", "HF_TOKEN": "t", "LLAMA_ARG_MLOCK": "1"})
        self.assertEqual(given, {"PATH": "/bin", "LLAMA_API_KEY": "k", "HF_TOKEN": "t", "LLAMA_ARG_MLOCK": "1"})

    def test_what_is_among_the_extra_arguments_is_not_said_twice(self):
        for given in ("-t 8 --cache-ram=5", "-t 8 --cache_ram 5"):
            read = self.settings(EXTRA_ARGS=given)
            line = engine.command(read, Model("o/n:Q8_0", True, "n"), "llama-server", 2048, threads=3, prompt_cache=100)
            self.assertIn("--hf-repo o/n:Q8_0", " ".join(line))
            self.assertEqual((line.count("--threads"), line.count("--cache-ram")), (0, 0))

    def test_vllm(self):
        read = self.settings(ENGINE="vllm", PORT="8001", PARALLEL="16", MODEL_NAME="chat", API_KEY="k", EXTRA_ARGS="--dtype auto")
        line = engine.command(read, Model("/models", False, "models"), "vllm", 8192, threads=3, prompt_cache=9)
        self.assertEqual(
            " ".join(line),
            "vllm serve /models --served-model-name chat --max-model-len 8192 --max-num-seqs 16 --host 0.0.0.0 --port 8001 --dtype auto",
        )
        self.assertEqual(engine.environment(read, {"API_KEY": "k"}), {"VLLM_API_KEY": "k"})


if __name__ == "__main__":
    unittest.main()
