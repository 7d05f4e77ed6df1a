"""Gets every model that the lab serves. Run: python download_models.py"""

import sys

from models.cli import main

if __name__ == "__main__":
    sys.exit(main())
