"""What `python download_models.py` does: fetches, verifies, builds, exports and describes the models."""

import os

# ONNX Runtime reports its use to its makers unless it is told not to before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
