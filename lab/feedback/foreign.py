"""Understands feedback in the words of Seldon Core 1 and of SageMaker."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from lab.feedback.fields import WrongError, quoted

# The whole body of Seldon's SendFeedback: seldon/prediction.proto, message Feedback.
SELDON_FIELDS = {"request", "response", "reward", "truth"}


def is_seldon(entry: Mapping[str, Any]) -> bool:
    """Whether it is a message `Feedback`: it carries what was asked and answered."""
    return isinstance(entry.get("response"), dict) or isinstance(entry.get("request"), dict)


def from_seldon(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the lab's own words. The prediction's id is the `puid` of its answer."""
    said = {name: value for name, value in entry.items() if name not in ("request", "response")}
    puid = _puid(entry.get("response")) or _puid(entry.get("request"))
    if puid is not None:
        said.setdefault("request_id", puid)
    if isinstance(entry.get("truth"), dict):
        said["truth"] = _scalar(entry["truth"])
    # Clients that write protobuf's JSON leave a zero out, and with it every reward 0.
    if isinstance(entry.get("response"), dict) and entry.keys() <= SELDON_FIELDS - {"reward"} and said.get("truth") is None:
        said["reward"] = 0
    return said


def is_sagemaker(entry: Mapping[str, Any]) -> bool:
    """Whether it is a record of ground truth, as SageMaker Model Monitor merges them."""
    return isinstance(entry.get("groundTruthData"), dict)


def from_sagemaker(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the lab's own words: the event's id is the prediction's, its data the truth."""
    metadata = entry.get("eventMetadata")
    told = metadata.get("eventId") if isinstance(metadata, dict) else None
    return {"request_id": told, "truth": _decoded(entry["groundTruthData"])}


def _puid(message: object) -> object:
    meta = message.get("meta") if isinstance(message, dict) else None
    return meta.get("puid") if isinstance(meta, dict) else None


def _scalar(message: Mapping[str, Any]) -> object:
    """The only value of a SeldonMessage; None if it is empty."""
    data = message.get("data") if isinstance(message.get("data"), dict) else {}
    tensor = data.get("tensor") if isinstance(data.get("tensor"), dict) else {}
    found = message.get("strData", message.get("jsonData", data.get("ndarray", tensor.get("values"))))
    # [[1]] is a batch of one row with one value.
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return None if found == [] else found


def _decoded(data: Mapping[str, Any]) -> object:
    content, encoding = data.get("data"), data.get("encoding")
    if encoding != "BASE64" or not isinstance(content, str):
        return content
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise WrongError(f"groundTruthData.data is {quoted(content)}, must be text in UTF-8, encoded in Base64.") from error
