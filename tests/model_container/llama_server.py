"""The command line of llama.cpp's server, on the real engine as PyPI has it: the container's entry point runs it under the name
`llama-server`, as it does the program of llama.cpp's own image.

An option that is not listed here is a fault, so that the entry point cannot come to rely on one unnoticed.
"""

import argparse
import os
import signal

import xllamacpp

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--model", required=True)
parser.add_argument("--alias", required=True)
parser.add_argument("--ctx-size", type=int, required=True)
parser.add_argument("--parallel", type=int, required=True)
parser.add_argument("--cache-ram", type=int, required=True)
parser.add_argument("--threads", type=int)
parser.add_argument("--host", required=True)
parser.add_argument("--port", type=int, required=True)
# What the tests pass on as an extra argument.
parser.add_argument("--n-predict", type=int, default=-1)
given = parser.parse_args()

# Blocked in every thread that the engine is about to start, so that it comes here.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

params = xllamacpp.CommonParams()
params.model.path = given.model
params.model_alias = {given.alias}
params.n_ctx = given.ctx_size
params.n_parallel = given.parallel
params.cache_ram_mib = given.cache_ram
params.n_predict = given.n_predict
params.hostnames = [given.host]
params.port = given.port
if given.threads:
    params.cpuparams.n_threads = given.threads
if key := os.environ.get("LLAMA_API_KEY"):
    params.api_keys = [key]
server = xllamacpp.Server(params)
print("listening", flush=True)
signal.sigwait({signal.SIGTERM})
# Without the engine's own clean-up, which waits for running answers.
os._exit(0)
