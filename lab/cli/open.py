"""lab open: a link that signs a browser in."""

import json

from lab import client, settings
from lab.cli.common import Output, OutputOption, say, sentences


def open_(output: OutputOption = Output.table) -> None:
    """Prints a link that signs a browser in, once and within a minute: for moving the traffic from the lab's pages."""
    with sentences():
        made = client.here().command("/sign-in-code", {})
        url = f"{settings.from_environment().pages}/sign-in?code={made['code']}"
    if output is Output.json:
        print(json.dumps({"url": url, "seconds": made["seconds"]}))
        return
    print(url)
    say(f"Open it within {made['seconds']:.0f} s; it works once.")
