"""Asks the service in this container whether it is ready; the exit code is the answer."""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Exits with 0 when ready, else with the reason."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/ready", timeout=4)
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())
    except OSError as error:
        sys.exit(f"No answer: {error}")


if __name__ == "__main__":
    main()
