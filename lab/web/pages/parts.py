"""What the pages are made of."""

from collections.abc import Callable
from typing import NamedTuple

from lab.controller.controller import Controller
from lab.feedback.accept import Acceptor
from lab.follower import Follower
from lab.settings import Settings
from lab.store.store import Store
from lab.traffic.nginx import NginxTraffic


class Parts(NamedTuple):
    """The service's own."""

    here: Settings
    store: Store
    follower: Follower
    acceptor: Acceptor
    controller: Controller
    traffic: NginxTraffic
    clock: Callable[[], float]
    """Seconds since 1970."""
