"""Asks the service in this container whether it does what it can; the exit code is the answer."""

import os
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Exits with 0 when ready, or when the lab is meant to run without this model; else with the reason."""
    try:
        # No proxy, whatever the environment says: this is the same container.
        here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        here.open(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/ready", timeout=4).close()
    except urllib.error.HTTPError as error:
        sys.exit(None if "X-Lab-Off" in error.headers else error.read().decode())
    except OSError as error:
        sys.exit(f"No answer: {error}")


if __name__ == "__main__":
    main()
