"""The pods of an overlay, played by podman on a network of their own; and their probes, asked as a kubelet asks."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import NamedTuple

import requests
import yaml

from tests.k8s.podman_kube import Place, Plan, Pod, for_podman
from tests.k8s.rendered import Object, containers

# Some machines refuse podman's default, which is more than a container may have there.
LIMITS = '[containers]\ndefault_ulimits = ["nofile=10000:10000", "nproc=10000:10000"]\n'


class Probe(NamedTuple):
    """One question of a kubelet."""

    container: Object
    asked: Object

    def passes(self, pods: "Pods", pod: Pod) -> bool:
        """Asks once, from the node, or in the container."""
        patience = self.asked.get("timeoutSeconds", 1)
        if "exec" in self.asked:
            return pods.runs(pod, self.container["name"], *self.asked["exec"]["command"])
        if "tcpSocket" in self.asked:
            return _connects(pod.address, self._port(self.asked["tcpSocket"]), patience)
        asked = self.asked["httpGet"]
        return _succeeds(f"http://{pod.address}:{self._port(asked)}{asked['path']}", patience)

    def _port(self, asked: Object) -> int:
        return next(int(port["containerPort"]) for port in self.container["ports"] if port["name"] == asked["port"])


class Pods:
    """Everything here has the prefix before its name, and ends with `close`."""

    def __init__(self, objects: list[Object], prefix: str, port: int, folder: Path) -> None:
        self.prefix, self._folder = prefix, folder
        (folder / "containers.conf").write_text(LIMITS)
        self._network = f"{prefix}net"
        # Names are in each pod's hosts file, so that nobody needs a name server.
        self.podman("network", "create", "--disable-dns", self._network)
        subnet = self.podman("network", "inspect", "--format", "{{(index .Subnets 0).Subnet}}", self._network).strip()
        self.plan: Plan = for_podman(objects, Place(prefix, IPv4Network(subnet), port))

    def podman(self, *arguments: str) -> str:
        """What it said; fails with that when it fails."""
        done = self._run(*arguments)
        assert done.returncode == 0, f"podman {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def play(self, name: str) -> None:
        """Starts a pod; its init containers have ended well when this returns."""
        pod = self.plan.pods[name]
        file = self._folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all(pod.documents))
        self.podman("kube", "play", "--network", self._network, "--ip", pod.address, str(file))

    def kill(self, name: str) -> None:
        """SIGKILL to all containers of a pod, by its id."""
        identifier = self.podman("pod", "inspect", "--format", "{{.ID}}", self.plan.pods[name].name).strip()
        self.podman("pod", "kill", identifier)

    def replace(self, name: str) -> None:
        """What a Deployment does about a pod that died: another one, with fresh volumes."""
        pod = self.plan.pods[name]
        self.podman("pod", "rm", "--force", pod.name)
        self._remove_volumes(f"{pod.name}-")
        self.play(name)

    def wait(self, name: str, *kinds: str) -> None:
        """Until every container's probes passed, each as often and as long as it says."""
        pod = self.plan.pods[name]
        for kind in kinds:
            for probe in self._probes(pod, kind):
                self._wait(pod, kind, probe)

    def runs(self, pod: Pod, container: str, *command: str) -> bool:
        """Whether a command ends well in a container."""
        return self._run("exec", f"{pod.name}-{container}", *command).returncode == 0

    def output(self, name: str, container: str, *command: str) -> str:
        """What a command says in a container."""
        return self.podman("exec", f"{self.plan.pods[name].name}-{container}", *command)

    def logs(self, name: str, container: str) -> str:
        """Both streams of a container."""
        done = self._run("logs", f"{self.plan.pods[name].name}-{container}")
        return done.stdout + done.stderr

    def states(self) -> str:
        """One line for each container: for a failure's message."""
        return self.podman("ps", "--all", "--filter", f"name={self.prefix}", "--format", "{{.Names}} {{.Status}}")

    def close(self) -> None:
        """Removes pods, volumes and the network."""
        found = self.podman("pod", "ps", "--filter", f"name={self.prefix}", "--format", "{{.Name}}").split()
        if found:
            self.podman("pod", "rm", "--force", "--time", "2", *found)
        self._remove_volumes(self.prefix)
        self.podman("network", "rm", "--force", self._network)

    def _remove_volumes(self, prefix: str) -> None:
        for volume in _starting(prefix, self.podman("volume", "ls", "--format", "{{.Name}}")):
            self.podman("volume", "rm", "--force", volume)

    def _probes(self, pod: Pod, kind: str) -> Iterator[Probe]:
        return (Probe(container, container[kind]) for container in containers(pod.asked) if kind in container)

    def _wait(self, pod: Pod, kind: str, probe: Probe) -> None:
        period = probe.asked.get("periodSeconds", 10)
        for _ in range(probe.asked.get("failureThreshold", 3)):
            if probe.passes(self, pod):
                return
            time.sleep(period)
        container = probe.container["name"]
        said = self._run("logs", "--tail", "20", f"{pod.name}-{container}")
        raise AssertionError(f"The {kind} of {pod.name}-{container} never passed.\n{self.states()}\n{said.stdout}{said.stderr}")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"CONTAINERS_CONF": str(self._folder / "containers.conf")}
        return subprocess.run(["podman", *arguments], env=environment, capture_output=True, text=True)


def _starting(prefix: str, lines: str) -> list[str]:
    return [line for line in lines.split() if line.startswith(prefix)]


def _connects(address: str, port: int, patience: float) -> bool:
    try:
        socket.create_connection((address, port), patience).close()
    except OSError:
        return False
    return True


def _succeeds(url: str, patience: float) -> bool:
    try:
        return 200 <= requests.get(url, timeout=patience).status_code < 400
    except requests.RequestException:
        return False
