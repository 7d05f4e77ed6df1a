"""Gets every model that the lab serves. Run: python download_models.py"""

import os
import sys
from pathlib import Path

# The environment that `make up` and `make models` create.
PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"

try:
    from models.cli import main
except ModuleNotFoundError as error:
    if PYTHON.exists() and Path(sys.prefix) != PYTHON.parent.parent:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    sys.exit(f"The package {error.name} is missing. Run: make models (it installs what is needed), or: pip install '.[models]'")

if __name__ == "__main__":
    sys.exit(main())
