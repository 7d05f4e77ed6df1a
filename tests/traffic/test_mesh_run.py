"""A run of an experiment moves the weights of a mesh, and gets over what happens there."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.traffic.istio import IstioTraffic
from lab.traffic.mesh import MeshTraffic
from lab.traffic.places import parse
from tests.controller.conftest import SCRATCH, Lab, harm, text
from tests.traffic.api_server import ApiServer
from tests.traffic.test_istio import PATH, PLACES, api, weights_in

__all__ = ["api"]


@pytest.fixture
def lab(api: ApiServer) -> Iterator[Lab]:
    """A lab whose iris route is split by the mesh."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as folder:
        made = Lab(Path(folder))
        istio = IstioTraffic(api.cluster(), parse(PLACES), rest=lambda seconds: None)
        made.traffic = MeshTraffic(made.folder / "state", made.folder / "nginx", istio, lambda: made.clock.now)
        made.restarted()
        yield made


def test_the_mesh_follows_each_look_to_the_promotion(lab: Lab, api: ApiServer) -> None:
    lab.start(text())
    seen = [weights_in(api.objects[PATH])]

    for _ in range(5):
        lab.look()
        seen.append(weights_in(api.objects[PATH]))

    assert seen == [[90, 10], [80, 20], [70, 30], [60, 40], [50, 50], [0, 100]]


def test_who_is_rolled_back_gets_nobody_in_the_mesh(lab: Lab, api: ApiServer) -> None:
    lab.plan = harm
    lab.start(text())

    lab.look(3)

    assert weights_in(api.objects[PATH]) == [100, 0]


def test_a_look_that_the_mesh_refuses_is_carried_out_when_it_takes_it(lab: Lab, api: ApiServer) -> None:
    run = lab.start(text())
    api.faults.append("403")

    lab.look()
    refused = weights_in(api.objects[PATH]), lab.route().weight("forest"), lab.controller.case(run).trouble
    lab.tick(1)

    assert refused[:2] == ([90, 10], 10)
    assert refused[2] is not None
    assert refused[2].startswith("The lab's account may not patch VirtualService default/routing-rule (403).")
    assert (weights_in(api.objects[PATH]), lab.route().weight("forest")) == ([80, 20], 20)
    assert lab.controller.case(run).trouble is None


def test_conflicts_and_broken_connections_change_nothing_about_the_course(lab: Lab, api: ApiServer) -> None:
    lab.start(text())
    seen = []

    for fault in ("409", "changed meanwhile", "hangs up", "hangs up afterwards", "500"):
        api.faults.append(fault)  # type: ignore[arg-type]
        lab.look()
        seen.append(weights_in(api.objects[PATH]))

    assert seen == [[80, 20], [70, 30], [60, 40], [50, 50], [0, 100]]


def test_a_lab_that_dies_between_mesh_and_table_goes_on(lab: Lab, api: ApiServer) -> None:
    lab.start(text())
    # The mesh has taken the change, the table has not: what the next process finds.
    api.objects[PATH]["spec"]["http"][0]["route"][0]["weight"] = 80
    api.objects[PATH]["spec"]["http"][0]["route"][1]["weight"] = 20
    lab.restarted()

    lab.look()

    assert (weights_in(api.objects[PATH]), lab.route().weight("forest")) == ([80, 20], 20)


def test_every_patch_leaves_a_sum_of_100(lab: Lab, api: ApiServer) -> None:
    lab.start(text())

    lab.look(5)

    for patch in api.patches():
        assert sum(one["value"] for one in patch if one["op"] != "test") == 100
        assert {one["path"] for one in patch} <= {
            "/metadata/resourceVersion", "/spec/http/0/route/0/weight", "/spec/http/0/route/1/weight"
        }  # fmt: skip
