"""Gets every model that the lab serves. Run: python download_models.py"""

import os
import sys

# The environment that `make up` and `make models` create.
ENVIRONMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".venv")
PYTHON = os.path.join(ENVIRONMENT, "bin", "python")

# Here, where the program starts, and not above: the processes that it starts read this file too.
if __name__ == "__main__":
    # First of all: the other imports take seconds, and Ctrl-C may come at any moment.
    from models import interrupt

    interrupt.watch()
    try:
        from models.cli import run
    except ModuleNotFoundError as error:
        if os.path.exists(PYTHON) and os.path.realpath(sys.prefix) != os.path.realpath(ENVIRONMENT):
            interrupt.hold()
            os.execv(PYTHON, [PYTHON, *sys.argv])
        sys.exit(f"The package {error.name} is missing. Run: make models (it installs what is needed), or: pip install '.[models]'")
    sys.exit(run())
