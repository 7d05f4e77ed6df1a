"""How pictures are answered where clients expect nothing but a label: `"Persian cat"`."""

from typing import Any

from starlette.requests import Request

from serving import bodies
from serving.contract import Prediction
from serving.picture_face import PictureFace
from serving.ranking import ranking


class LabelFace(PictureFace):
    """The face of a model of pictures that says `bare_label = True`."""

    def labels(self) -> dict[str, str] | list[str]:
        """The names of the classes in their order."""
        return list(self._model.labels)

    def classes(self, prediction: Prediction) -> dict[str, Any]:
        """The most probable ones. Each with its index: two may share a name, as ImageNet's two cranes do."""
        return {"top": [place._asdict() for place in ranking(self._model.labels, prediction)]}

    def said(self, answer: dict[str, Any], request: Request) -> object:
        """The label alone, unless the client wants details: it says so, or it sends a form."""
        wants_more = {"detail", "echo", "preview"} & {name for name, value in request.query_params.items() if value == "1"}
        return answer if wants_more or bodies.is_form(request) else answer["likely_class"]
