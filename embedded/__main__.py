"""Runs the lab without Docker: python -m embedded up | run | down | status"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from embedded import places as places_module
from embedded import services as services_module
from embedded import supervisor
from embedded.places import Places
from embedded.services import Service

CHECKOUT = Path(__file__).resolve().parent.parent

# No proxy, whatever the environment says: these are processes of this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# How a service says that the lab is meant to run without its model.
OFF = "X-Lab-Off"

# Seconds until everything must have answered; VGG16 takes one or two on an idle machine.
START_S = 90
# Seconds that stopping may take: supervisord gives every process 15.
STOP_S = 40


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when the command did what it says."""
    parser = argparse.ArgumentParser(prog="embedded", description=__doc__)
    parser.add_argument("command", choices=["up", "run", "down", "status"])
    command = parser.parse_args(arguments).command
    places = places_module.from_environment(CHECKOUT)
    services = services_module.read(CHECKOUT / "docker-compose.yml")
    return {"up": up, "run": run, "down": down, "status": status}[command](places, services)


def up(places: Places, services: list[Service]) -> int:
    """Starts everything, waits until it answers, and prints the addresses."""
    if supervisor.processes(places) is None:
        _check_ports(places, services)
        supervisor.start(places, supervisor.configuration(places, services))
    try:
        problems = _wait(places, services)
    except KeyboardInterrupt:
        print("\nInterrupted: stopping again.")
        down(places, services)
        return 130
    for problem in problems:
        print(problem, file=sys.stderr)
    print(addresses(places, services))
    for one in services:
        if _is_off(one):
            print(f"{one.name} is off, and the rest runs. How to get it: http://localhost:{one.port}/")
    return 1 if problems else 0


def run(places: Places, services: list[Service]) -> int:
    """Like `up`, then shows the logs until Ctrl-C, which stops everything."""
    code = up(places, services)
    if code == 130:
        return code
    print("Ctrl-C stops the lab.\n", flush=True)
    logs = sorted(str(one.log) for one in supervisor.processes(places) or [])
    try:
        subprocess.run(["tail", "-q", "-n", "0", "-F", *logs], stderr=subprocess.DEVNULL)
    except KeyboardInterrupt:
        print("\nStopping.")
    return down(places, services)


def down(places: Places, services: list[Service]) -> int:
    """Ends everything and waits until it has ended."""
    if supervisor.processes(places) is None:
        print("The lab is not running.")
        return 0
    supervisor.shut_down(places)
    end = time.monotonic() + STOP_S
    while time.monotonic() < end:
        if not supervisor.is_alive(places):
            print("The lab has stopped. Its journals are kept in", places.state)
            return 0
        time.sleep(0.2)
    print(f"The lab has not stopped within {STOP_S} s; see {places.state}/log/supervisord.log", file=sys.stderr)
    return 1


def status(places: Places, services: list[Service]) -> int:
    """Prints the state of every process."""
    for one in supervisor.processes(places) or []:
        print(f"{one.name:20} {one.state}")
    return 0 if supervisor.processes(places) else 1


def _check_ports(places: Places, services: list[Service]) -> None:
    wanted = [(places.bind, places.port, "the gateway", "LAB_PORT")]
    wanted += [("127.0.0.1", one.port, one.name, f"{one.name.upper()}_PORT") for one in services]
    taken = [f"Port {port} is taken: {who} needs it. End what listens there, or choose another: {setting}=… make up"
             for host, port, who, setting in wanted if not _is_free(host, port)]  # fmt: skip
    if taken:
        raise SystemExit("\n".join(taken))


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _wait(places: Places, services: list[Service]) -> list[str]:
    """Waits until every service and the gateway are ready; returns a sentence for each that is not."""
    checks: dict[str, Callable[[], str]] = {one.name: partial(_trouble, f"http://127.0.0.1:{one.port}/ready") for one in services}
    checks["lab"] = partial(_lab_trouble, places)
    checks["nginx"] = partial(_trouble, f"http://{'127.0.0.1' if places.bind == '0.0.0.0' else places.bind}:{places.port}/ready")
    waiting: dict[str, str] = dict.fromkeys(checks, "no answer")
    end = time.monotonic() + START_S
    while waiting and time.monotonic() < end:
        # The gateway is asked last: without models it only fills its error log.
        models_silent = any(trouble == "no answer" for name, trouble in waiting.items() if name not in ("nginx", "lab"))
        waiting = {name: trouble for name in waiting if (trouble := "no answer" if name == "nginx" and models_silent else checks[name]())}
        given_up = _given_up(places)
        if waiting and set(waiting) <= given_up | {name for name, trouble in waiting.items() if trouble != "no answer"}:
            break
        time.sleep(0.2 if waiting else 0)
    return [f"{name} is not ready: {trouble}. Its log: {places.state}/log/{name}.log" for name, trouble in waiting.items()]


def _trouble(url: str) -> str:
    """Empty when ready or off on purpose, the service's own words when it answers that it is not ready, else `no answer`."""
    try:
        DIRECT.open(url, timeout=2).close()
    except urllib.error.HTTPError as error:
        return "" if OFF in error.headers else error.read().decode(errors="replace").strip() or str(error)
    except OSError:
        return "no answer"
    return ""


def _is_off(service: Service) -> bool:
    """Whether the lab runs without this model, because nobody had its weights."""
    try:
        DIRECT.open(f"http://127.0.0.1:{service.port}/ready", timeout=2).close()
    except urllib.error.HTTPError as error:
        return OFF in error.headers
    except OSError:
        return False
    return False


def _lab_trouble(places: Places) -> str:
    """The same for the lab's service, which listens on a socket only."""
    environment = os.environ | {"LAB_SOCKETS": str(places.run)}
    asked = subprocess.run(
        [sys.executable, "-m", "lab.probe"], cwd=places.checkout, env=environment, capture_output=True, text=True, errors="replace"
    )
    if not asked.returncode:
        return ""
    return "no answer" if asked.stderr.startswith("No answer") else asked.stderr.strip()


def _given_up(places: Places) -> set[str]:
    return {one.name for one in supervisor.processes(places) or [] if one.state == "FATAL"}


def addresses(places: Places, services: list[Service]) -> str:
    """What people are told once everything answers."""
    upload, *others = _routes(places)
    lines = [
        f"The lab answers at {places.url}",
        upload,
        f"  the lab's page   {places.url}/lab/",
        *others,
        f"  journal          {places.state}/journal/",
        f"  logs             {places.state}/log/",
        f"  who gets what    {_lab(places)} weight --show",
        f"  what happened    {_lab(places)} log",
    ]
    lines += [f"  {one.variant:16} http://localhost:{one.port}/ (this model alone)" for one in services]
    return "\n".join([*lines, f"Stop it with: {_setting(places)}make down"])


def _routes(places: Places) -> list[str]:
    """The address of every route that the gateway comes with."""
    table = json.loads((places.checkout / "nginx" / "routes.json").read_text())
    prefixes = {name: "" if name == table["default_route"] else f"{name}/" for name in table["routes"]}
    return [f"  {name:16} {places.url}/{prefix}" for name, prefix in prefixes.items()]


def _lab(places: Places) -> str:
    return f"{_setting(places)}.venv/bin/lab"


def _setting(places: Places) -> str:
    """What must stand before a command so that it means this lab, and not that of the checkout."""
    return "" if places.state == (places.checkout / "state").resolve() else f"LAB_STATE={places.state} "


if __name__ == "__main__":
    sys.exit(main())
