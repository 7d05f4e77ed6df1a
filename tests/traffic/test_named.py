"""An experiment's own `weightObjRef` says where the mesh keeps the weights of its versions."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.controller.controller import Controller, FileError
from lab.errors import Refused
from lab.spec.errors import SpecError
from lab.spec.means import Means
from lab.traffic.istio import IstioTraffic
from lab.traffic.mesh import NAMED, MeshTraffic, named
from lab.traffic.places import Places, dump, parse
from lab.traffic.pointer import PlaceError
from tests.controller.conftest import SCRATCH, Lab, text
from tests.traffic.api_server import ApiServer
from tests.traffic.test_istio import PATH, PLACES, api, weights_in

__all__ = ["api"]

RULE_REF = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "VirtualService",
    "namespace": "default",
    "name": "routing-rule",
    "fieldPath": ".spec.http[0].route[0].weight",
}
SECOND = {"fieldPath": ".spec.http[0].route[1].weight"}


def with_refs(baseline: dict[str, str] | None, candidate: dict[str, str] | None) -> str:
    """The file with fields of each version's weightObjRef that differ from the rule's first destination; None: no weightObjRef."""
    file = text()
    for name, fields in (("svc", baseline), ("forest", candidate)):
        if fields is not None:
            ref = json.dumps(RULE_REF | fields)
            file = file.replace(
                f"{{name: {name}}}", f"{{name: {name}, weightObjRef: {ref}, variables: [{{name: workload, value: iris-{name}}}]}}"
            )
    return file


FILE = with_refs({}, SECOND)


class Meshed(Lab):
    """A lab in a cluster, whose settings say where the weights of these routes are."""

    def __init__(self, folder: Path, api: ApiServer, told: Places) -> None:
        self.api, self.told_places = api, told
        super().__init__(folder)

    def restarted(self, allow_exec: bool = False) -> Controller:
        self.traffic: Any = self.another()
        controller = super().restarted(allow_exec)
        controller.world = controller.world._replace(means=Means(mesh=True))
        return controller

    def another(self) -> MeshTraffic:
        """As another process has it: `lab weight`."""
        istio = IstioTraffic(self.api.cluster(), self.told_places, rest=lambda seconds: None)
        return MeshTraffic(self.folder / "state", self.folder / "nginx", istio, lambda: self.clock.now)

    def split(self) -> list[int]:
        """What the mesh does."""
        return weights_in(self.api.objects[PATH])


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as made:
        yield Path(made)


@pytest.fixture
def lab(folder: Path, api: ApiServer) -> Meshed:
    return Meshed(folder, api, {})


def test_the_mesh_follows_a_run_where_its_file_says(lab: Meshed) -> None:
    lab.start(FILE)
    seen = [lab.split()]

    for _ in range(5):
        lab.look()
        seen.append(lab.split())

    assert seen == [[90, 10], [80, 20], [70, 30], [60, 40], [50, 50], [0, 100]]
    assert lab.route().weights == {"svc": 0.0, "forest": 100.0}


def test_never_more_than_the_named_fields_are_touched(lab: Meshed, api: ApiServer) -> None:
    lab.start(FILE)
    lab.look()

    paths = {one["path"] for patch in api.patches() for one in patch}

    assert paths == {"/metadata/resourceVersion", "/spec/http/0/route/0/weight", "/spec/http/0/route/1/weight"}


def test_after_a_restart_and_in_another_process_the_weights_are_still_there(lab: Meshed) -> None:
    lab.start(FILE)

    lab.restarted()
    lab.look()
    by_the_run = lab.split()
    lab.another().set_weights("iris", {"svc": 70, "forest": 30})

    assert by_the_run == [80, 20]
    assert lab.split() == [70, 30]


def test_after_the_run_a_change_by_hand_still_reaches_the_mesh(lab: Meshed) -> None:
    run = lab.start(FILE)
    lab.controller.abort(run, "ann", None)

    lab.another().set_weights("iris", {"svc": 40, "forest": 60})

    assert lab.split() == [40, 60]


def test_a_waiting_run_leaves_the_mesh_to_the_one_that_has_the_route(lab: Meshed) -> None:
    lab.start(text(name="first"))

    lab.start(FILE.replace("name: ab", "name: second"))

    assert named(lab.folder / "state") == {}
    assert lab.split() == [100, 0]


@pytest.mark.parametrize("fault", ["409", "changed meanwhile", "hangs up", "hangs up afterwards", "500"])
def test_what_happens_to_the_cluster_loses_no_weight(lab: Meshed, api: ApiServer, fault: Any) -> None:
    lab.start(FILE)
    api.faults.append(fault)

    lab.look()

    assert lab.split() == [80, 20]
    assert lab.route().weight("forest") == 20


def test_a_missing_right_is_a_sentence_and_changes_nothing(lab: Meshed, api: ApiServer) -> None:
    run = lab.start(FILE)
    api.faults.append("403")

    lab.look()

    assert (lab.split(), lab.route().weight("forest")) == ([90, 10], 10)
    trouble = lab.controller.case(run).trouble
    assert trouble is not None
    assert trouble.startswith("The lab's account may not patch VirtualService default/routing-rule (403).")


def test_an_object_that_is_not_there_is_a_sentence_and_the_run_waits(lab: Meshed) -> None:
    run = lab.start(with_refs({"name": "missing"}, SECOND | {"name": "missing"}))

    trouble = lab.controller.case(run).trouble

    assert trouble == "There is no VirtualService default/missing of networking.istio.io/v1alpha3 in this cluster."
    assert lab.route().experiment is None


@pytest.mark.parametrize(
    ("refs", "sentence"),
    [
        (
            ({}, SECOND | {"name": "other"}),
            "VirtualService default/routing-rule and VirtualService default/other: they must be in one object",
        ),
        (({"kind": "Deployment"}, SECOND | {"kind": "Deployment"}), "are in Deployment default/routing-rule, must be in a VirtualService"),
        (({}, {}), "Two variants of iris have the same fieldPath"),
        (({}, {"fieldPath": ".spec.http[first].weight"}), "forest: fieldPath is '.spec.http[first].weight', must be like"),
    ],
)
def test_what_cannot_be_a_split_begins_nothing(lab: Meshed, api: ApiServer, refs: tuple[Any, Any], sentence: str) -> None:
    with pytest.raises(FileError, match=sentence.replace("[", r"\[")):
        lab.start(with_refs(*refs))

    assert lab.controller.cases() == []
    assert api.asked == []


def test_a_version_without_a_place_among_others_is_refused(lab: Meshed) -> None:
    with pytest.raises(SpecError, match="forest has no weightObjRef, but others have"):
        lab.start(with_refs({}, None))


def test_a_file_that_names_another_field_than_the_settings_is_refused(folder: Path, api: ApiServer) -> None:
    lab = Meshed(folder, api, parse(PLACES))

    with pytest.raises(Refused) as refused:
        lab.start(with_refs(SECOND, {}))

    says = "LAB_WEIGHTS says VirtualService default/routing-rule, .spec.http[0].route[0].weight. Make them the same."
    said = "weightObjRef of svc is VirtualService default/routing-rule, .spec.http[0].route[1].weight"
    assert str(refused.value).endswith(f"{said}, but {says}")


def test_a_file_that_says_what_the_settings_say_runs(folder: Path, api: ApiServer) -> None:
    lab = Meshed(folder, api, parse(PLACES))
    lab.start(FILE)

    lab.look()

    assert lab.split() == [80, 20]


def test_a_file_without_places_leaves_the_mesh_alone(lab: Meshed, api: ApiServer) -> None:
    lab.start(text())

    lab.look()

    assert lab.route().weight("forest") == 20
    assert api.asked == []


def test_a_version_brings_what_its_series_are_called_by(lab: Meshed) -> None:
    lab.start(FILE)

    places = named(lab.folder / "state")["iris"]

    assert {variant: one.series for variant, one in places.items()} == {
        "svc": {"workload": "iris-svc"},
        "forest": {"workload": "iris-forest"},
    }


def test_a_file_of_named_places_that_is_broken_is_a_sentence(lab: Meshed) -> None:
    (lab.folder / "state" / NAMED).write_text("{")

    with pytest.raises(PlaceError, match=r"(?s)mesh\.json: It is not YAML.*Delete it, and start the experiment again\."):
        lab.another().set_weights("iris", {"svc": 70, "forest": 30})


def test_places_are_written_as_they_are_read() -> None:
    places = parse(PLACES)

    assert parse(dump(places)) == places
