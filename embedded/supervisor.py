"""Starts, asks and ends the processes through supervisord."""

import configparser
import os
import subprocess
import sys
import xmlrpc.client
from pathlib import Path
from typing import NamedTuple

from supervisor.xmlrpc import SupervisorTransport

from embedded.places import Places
from embedded.services import Service


class Process(NamedTuple):
    """What supervisord says of one process."""

    name: str
    state: str
    """RUNNING, STARTING, BACKOFF, FATAL, …"""
    log: Path


def configuration(places: Places, services: list[Service]) -> configparser.RawConfigParser:
    """supervisord's configuration: every model service, the lab's own, and NGINX."""
    config = configparser.RawConfigParser()
    config["unix_http_server"] = {"file": str(_socket(places)), "chmod": "0700"}
    config["supervisord"] = {
        "logfile": str(places.state / "log" / "supervisord.log"),
        "pidfile": str(places.run / "supervisord.pid"),
        "directory": str(places.checkout),
        # Files: NGINX keeps one per connection and one per open journal segment.
        "minfds": "1024",
    }
    config["rpcinterface:supervisor"] = {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
    # For people: supervisorctl -c state/run/supervisord.conf
    config["supervisorctl"] = {"serverurl": f"unix://{_socket(places)}"}
    for service in services:
        environment = service.environment | {"HOST": "127.0.0.1", "LAB_SOCKETS": str(places.run), "PYTHONUNBUFFERED": "1"}
        config[f"program:{service.name}"] = _program(places, service.name, f"{sys.executable} -m serving", environment)
    lab = {
        "LAB_STATE": str(places.state),
        "LAB_GATEWAY": str(places.checkout / "nginx"),
        "LAB_SOCKETS": str(places.run),
        "PYTHONUNBUFFERED": "1",
    }
    config["program:lab"] = _program(places, "lab", f"{sys.executable} -m lab", lab)
    gateway = {
        "LAB_LISTEN": f"{places.bind}:{places.port}",
        "LAB_BIND": places.bind,
        "LAB_SOCKETS": str(places.run),
        "LAB_STATE": str(places.state),
        "LAB_NGINX_RUN": str(places.run / "nginx"),
    }
    # QUIT lets NGINX finish the requests under way.
    config["program:nginx"] = _program(places, "nginx", str(places.checkout / "nginx" / "start.sh"), gateway) | {"stopsignal": "QUIT"}
    return config


def start(places: Places, config: configparser.RawConfigParser) -> None:
    """Writes the configuration and starts supervisord in the background. Raises SystemExit when it does not start."""
    (places.state / "log").mkdir(parents=True, exist_ok=True)
    places.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    if places.run.stat().st_uid != os.getuid():
        raise SystemExit(f"{places.run} belongs to another user. Remove it, or set LAB_STATE to a shorter path.")
    _lead_to(places)
    file = places.run / "supervisord.conf"
    with file.open("w") as stream:
        config.write(stream)
    done = subprocess.run([sys.executable, "-m", "supervisor.supervisord", "-c", str(file)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"supervisord did not start: {(done.stderr or done.stdout).strip()}")


def _lead_to(places: Places) -> None:
    """The command line looks for the sockets in the state; where they had to be put elsewhere, a link leads there."""
    link = places.state / "sockets"
    link.unlink(missing_ok=True)
    if places.run.parent != places.state:
        link.symlink_to(places.run)


def processes(places: Places) -> list[Process] | None:
    """Every process and its state; None when nothing runs."""
    try:
        told = _ask(places).supervisor.getAllProcessInfo()
    except (OSError, xmlrpc.client.Error):
        return None
    return [Process(one["name"], one["statename"], Path(one["stdout_logfile"])) for one in told]  # type: ignore[union-attr,index,call-overload]


def shut_down(places: Places) -> None:
    """Asks supervisord to end everything and itself; it returns before that has happened."""
    _ask(places).supervisor.shutdown()


def is_alive(places: Places) -> bool:
    """Whether the process of supervisord exists, be it only to wait for the others to end."""
    try:
        os.kill(int((places.run / "supervisord.pid").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def _program(places: Places, name: str, command: str, environment: dict[str, str]) -> dict[str, str]:
    quoted = ",".join(f'{key}="{value.replace("%", "%%")}"' for key, value in environment.items())
    return {
        "command": command.replace("%", "%%"),
        "environment": quoted,
        "redirect_stderr": "true",
        "stdout_logfile": str(places.state / "log" / f"{name}.log"),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "1",
        # A process that dies is started again; one that dies within a second, three times in a row, is given up.
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "3",
        # Longer than the services' own 10 s for requests under way.
        "stopwaitsecs": "15",
        "stopasgroup": "false",
        "killasgroup": "true",
    }


def _socket(places: Places) -> Path:
    return places.run / "supervisor.sock"


def _ask(places: Places) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy("http://localhost", SupervisorTransport(None, None, f"unix://{_socket(places)}"))
