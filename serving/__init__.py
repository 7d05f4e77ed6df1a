"""The web face that every model wears."""

import os

# ONNX Runtime would note and send facts about this machine. Set before anything imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
