import unittest

from support import LLAMA, Case, gguf

import memory
import model

MIB = 1 << 20
GIB = 1 << 30


class Needs(Case):
    def need(self, fields: dict = LLAMA, context: int = 1024, parallel: int = 1, **variables: str) -> memory.Need:
        self.put("/models/a.gguf", gguf(fields))
        read = self.settings(MODEL="/models/a.gguf", **variables)
        return memory.need(read, model.find(read, self.root), context, parallel)

    def test_the_cache_grows_with_the_context_and_the_conversations(self):
        # Keys and values of 64 numbers of two bytes, for 3 heads of 30 layers: what llama.cpp prints for SmolLM2.
        each = 2 * 64 * 2 * 3 * 30
        self.assertEqual(self.need(context=4096).cache, 4096 * each)
        self.assertEqual(self.need(context=4096).cache, 90 * MIB)
        self.assertEqual(self.need(context=4096, parallel=3).cache, 3 * 4096 * each)

    def test_the_types_of_the_cache_count(self):
        whole = self.need(EXTRA_ARGS="-ctk f32 --cache_type_v=f32").cache
        self.assertEqual(whole, 2 * self.need().cache)
        self.assertLess(self.need(EXTRA_ARGS="--cache-type-k q8_0 -ctv q4_0").cache, self.need().cache / 2)

    def test_layers_without_attention_and_heads_of_their_own_size(self):
        fields = {**LLAMA, "llama.attention.head_count_kv": [0, 3] * 15, "llama.attention.key_length": 128}
        self.assertEqual(self.need(fields).cache, 1024 * 15 * 3 * (128 + 64) * 2)

    def test_a_folder_of_vllm(self):
        self.put("/models/config.json", '{"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096, "vocab_size": 128256}')
        self.put("/models/a.safetensors", bytes(1000))
        read = self.settings(ENGINE="vllm")
        needed = memory.need(read, model.find(read, self.root), 8192, 1)
        self.assertEqual((needed.weights, needed.cache), (1000, GIB))

    def test_what_nothing_is_known_of_is_not_guessed(self):
        self.assertIsNone(memory.need(self.settings(), model.Model("o/n", True, "n"), 1024, 1))


class Has(Case):
    def setUp(self):
        super().setUp()
        self.put("/proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nMapped: 1048576 kB\n")
        self.put("/proc/self/cgroup", "0::/\n")

    def have(self, **variables: str) -> memory.Have:
        return memory.have(self.settings(**variables), self.root, {"PATH": str(self.root / "bin")})

    def test_a_machine_without_limits(self):
        # A neighbour's weights are files that are mapped: they are not to be had.
        self.assertEqual(self.have(), memory.Have(7 * GIB, "free of this machine's 16.0 GiB"))

    def test_shared_memory_is_not_taken_away_twice(self):
        # A database's, which is mapped, and which the kernel does not count as memory to be had anyway.
        self.put("/proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nMapped: 3145728 kB\nShmem: 2097152 kB\n")
        self.assertEqual(self.have().host, 7 * GIB)
        self.put("/proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\nMapped: 1048576 kB\nShmem: 2097152 kB\n")
        self.assertEqual(self.have().host, 8 * GIB)

    def test_a_limit_of_the_second_version(self):
        self.put("/sys/fs/cgroup/memory.max", f"{4 * GIB}\n")
        self.put("/sys/fs/cgroup/memory.current", f"{GIB}\n")
        self.put("/sys/fs/cgroup/memory.stat", f"anon 5\ninactive_file {GIB // 2}\n")
        self.assertEqual(self.have(), memory.Have(7 * GIB // 2, "left of this container's limit"))
        self.put("/sys/fs/cgroup/memory.max", "max\n")
        self.assertEqual(self.have().host, 7 * GIB)

    def test_a_limit_above_this_group(self):
        self.put("/proc/self/cgroup", "0::/pod/container\n")
        self.put("/sys/fs/cgroup/pod/container/memory.max", "max\n")
        self.put("/sys/fs/cgroup/pod/memory.max", f"{2 * GIB}\n")
        self.assertEqual(self.have().host, 2 * GIB)

    def test_a_limit_of_the_first_version(self):
        # As a container sees it: the path is that of the machine, and is not there.
        self.put("/proc/self/cgroup", "4:cpu:/docker/0\n3:memory:/docker/0\n")
        self.put("/sys/fs/cgroup/memory/memory.limit_in_bytes", f"{3 * GIB}\n")
        self.put("/sys/fs/cgroup/memory/memory.usage_in_bytes", f"{GIB}\n")
        self.assertEqual(self.have().host, 2 * GIB)
        self.put("/sys/fs/cgroup/memory/memory.limit_in_bytes", f"{0x7FFFFFFFFFFFF000}\n")
        self.assertEqual(self.have().host, 7 * GIB)

    def test_what_was_said_wins(self):
        self.assertEqual(self.have(MEMORY="100G"), memory.Have(100 * GIB, "what MEMORY allows"))

    def test_gpus(self):
        # Prints what it was asked, too.
        self.put("/bin/nvidia-smi", '#!/bin/sh\necho "$*" > "$0.asked"\necho 24000\necho 8000\n').chmod(0o755)
        self.assertEqual(self.have().gpu, 32000 * MIB)
        self.assertIsNone(self.have(GPU_LAYERS="0").gpu)
        self.assertEqual(self.have(ENGINE="vllm").gpu, 24000 * MIB)
        self.assertEqual(self.have(ENGINE="vllm", EXTRA_ARGS="--tensor-parallel-size 2").gpu, 32000 * MIB)
        environment = {"PATH": str(self.root / "bin"), "CUDA_VISIBLE_DEVICES": "1"}
        memory.have(self.settings(), self.root, environment)
        self.assertIn("--id=1", (self.root / "bin/nvidia-smi.asked").read_text())
        self.put("/bin/nvidia-smi", "#!/bin/sh\necho failed\nexit 9\n")
        self.assertIsNone(self.have().gpu)

    def test_processors(self):
        self.assertIsNone(memory.processors(self.root))
        self.put("/sys/fs/cgroup/cpu.max", "150000 100000\n")
        self.assertEqual(memory.processors(self.root), 2)
        self.put("/sys/fs/cgroup/cpu.max", "max 100000\n")
        self.assertIsNone(memory.processors(self.root))
        self.put("/sys/fs/cgroup/cpu.max", "")
        self.put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n")
        self.put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
        self.assertEqual(memory.processors(self.root), 1)


class Fits(Case):
    """8 GiB of weights, 2 of context, 1 to work in, in 31 layers and one for the output."""

    NEED = memory.Need(8 * GIB, 2 * GIB, GIB, 32)

    def short(self, host: int, gpu: int | None = None, **variables: str) -> str | None:
        there = memory.Have(host * GIB, "free", None if gpu is None else gpu * GIB)
        return memory.shortage(self.settings(**variables), self.NEED, there)

    def test_without_a_gpu(self):
        self.assertIsNone(self.short(11))
        self.assertIn("needs 11.0 GiB (8.0 GiB weights, 2.0 GiB for the context, 1.0 GiB to work in), and 10.0 GiB are free", self.short(10))

    def test_spread_as_the_engine_likes(self):
        self.assertIsNone(self.short(5, 6))
        self.assertIn("on the GPU and 4.0 GiB free", self.short(4, 6))

    def test_all_on_the_gpu(self):
        self.assertIsNone(self.short(1, 11, GPU_LAYERS="all"))
        self.assertIn("on the GPU", self.short(64, 10, GPU_LAYERS="all"))
        self.assertIn("on the GPU", self.short(64, 10, ENGINE="vllm"))

    def test_half_of_the_layers_on_the_gpu(self):
        self.assertIsNone(self.short(6, 6, GPU_LAYERS="16"))
        self.assertIn("on the GPU", self.short(6, 5, GPU_LAYERS="16"))
        self.assertIn("beside the GPU", self.short(5, 6, GPU_LAYERS="16"))

    def test_what_is_left_is_shared_with_the_cache_of_prompts(self):
        read = self.settings()
        self.assertEqual(memory.prompt_cache(read, self.NEED, memory.Have(13 * GIB, "free")), 1024)
        self.assertEqual(memory.prompt_cache(read, self.NEED, memory.Have(10 * GIB, "free")), 0)
        self.assertEqual(memory.prompt_cache(read, self.NEED, memory.Have(99 * GIB, "free")), 8192)


if __name__ == "__main__":
    unittest.main()
