"""How pictures are asked for, read and answered."""

import base64
import binascii
from typing import Any

import anyio
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from serving import bodies, pictures
from serving.contract import Model, Picture, Prediction
from serving.engine import Timed
from serving.errors import Refusal
from serving.inputs import Item, Upload, digest

# Decoding takes a core and, for a large picture, a few hundred megabytes: two at a time are plenty beside the model.
DECODERS = anyio.CapacityLimiter(2)

# Uploads that may wait for their decoding, up to 10 MB each; more are better off with another variant.
WAITING_MAX = 24


class PictureFace:
    """The face of a model that takes a picture."""

    template = "form_picture.html"

    def __init__(self, model: Model, takes: Picture) -> None:
        self._model = model
        self._takes = takes

    def metadata(self) -> dict[str, Any]:
        """The documents' keys for a picture model, and what this lab adds."""
        return {
            "data_type": "str",
            "data_structure": "(1,1)",
            "data_sample": "base64 encoded image file",
            "prediction_type": "float32",
            "prediction_structure": f"(1,{len(self._model.labels)})",
            "prediction_sample": self._model.prediction_sample,
            "artifact": self._model.artifact.path.name,
            "version": self._model.artifact.version,
            "stand_in": self._model.artifact.stand_in,
        }

    def labels(self) -> dict[str, str] | list[str]:
        """The names of the classes by index."""
        return {str(index): name for index, name in enumerate(self._model.labels)}

    async def sample(self) -> Item:
        """The model's own picture."""
        file = self._takes.sample
        return (await self._item(Upload(file.name, "image/jpeg", file.read_bytes())))._replace(described=None)

    async def from_program(self, request: Request) -> Item:
        """Reads `POST /predict`: multipart field `file`, or JSON `{"image_data": "<base64>"}`."""
        if bodies.is_form(request):
            return await self.from_form(request)
        body = await bodies.read_json(request, 'the picture as multipart field "file", or as JSON {"image_data": "<base64>"}')
        return await self._item(_from_base64(body.get("image_data")))

    async def from_form(self, request: Request) -> Item:
        """Reads a form with a file."""
        return await self._item(await _uploaded(await bodies.read_form(request)))

    def answer(self, item: Item, timed: Timed, variant: str, request_id: str) -> dict[str, Any]:
        """The answer of `POST /predict`."""
        upload, prediction = item.upload, timed.prediction
        assert upload is not None
        return {
            "filename": upload.filename,
            "content_type": upload.content_type,
            "likely_class": self._model.labels[prediction.best],
            "probability": prediction.probabilities[prediction.best],
            **self.classes(prediction),
            "model": variant,
            "version": self._model.artifact.version,
            "request_id": request_id,
        }

    def classes(self, prediction: Prediction) -> dict[str, Any]:
        """What an answer says of the single classes."""
        return {"probabilities": dict(zip(self._model.labels, prediction.probabilities, strict=True))}

    def said(self, answer: dict[str, Any], request: Request) -> object:
        """What of an answer goes out: all of it."""
        return answer

    def label_answer(self, prediction: Prediction, variant: str, request_id: str) -> dict[str, Any]:
        """The answer of `POST /predict/label`."""
        return {"prediction": self._model.labels[prediction.best], "model": variant, "request_id": request_id}

    def echo(self, item: Item) -> dict[str, Any]:
        """What `?echo=1` adds: the picture itself."""
        assert item.upload is not None
        return {"image_base64": base64.b64encode(item.upload.content).decode()}

    def asks(self) -> dict[str, Any]:
        """What a form for this model has: a file."""
        return {"takes": "picture"}

    def preview(self, item: Item) -> dict[str, Any]:
        """What `?preview=1` adds: the picture, small and made anew."""
        return {"preview": _address(item)}

    def shown(self, item: Item) -> dict[str, Any]:
        """What the result page shows of the input: a picture and facts about the file; and what it hands on for a comparison."""
        assert item.upload is not None
        facts = {"Filename": item.upload.filename, "File type": item.upload.content_type}
        picture = _address(item)
        return {"facts": facts, "picture": picture, "input": {"picture": picture}}

    async def _item(self, upload: Upload) -> Item:
        if DECODERS.statistics().tasks_waiting >= WAITING_MAX:
            raise Refusal(503, f"The model is busy: {WAITING_MAX} pictures wait already. Try again in a moment.")
        return await anyio.to_thread.run_sync(self._read, upload, limiter=DECODERS)

    def _read(self, upload: Upload) -> Item:
        """Everything that takes time or memory, so that what waits for the model afterwards is small."""
        picture = pictures.decode(upload.content, upload.filename, self._takes.side)
        described = f"file={upload.filename!r} type={upload.content_type!r} bytes={len(upload.content)}"
        row = self._model.prepare(picture)
        return Item(row, digest(upload.content), described, upload=upload, preview=pictures.preview(picture))


def _address(item: Item) -> str:
    """The preview as an address that a page can show without asking anybody."""
    assert item.preview is not None
    return f"data:image/jpeg;base64,{base64.b64encode(pictures.as_jpeg(item.preview)).decode()}"


async def _uploaded(form: FormData) -> Upload:
    file = form.get("file")
    if file is None:
        found = ", ".join(f"'{_printable(name)}'" for name in form) or "none"
        raise Refusal(422, f"The picture must come in the form field 'file'; the fields sent are: {found}.")
    if not isinstance(file, UploadFile):
        raise Refusal(422, "The form field 'file' holds text, not a file. Send the picture as a file (curl: -F file=@picture.jpg).")
    content = await file.read()
    if not file.filename and not content:
        raise Refusal(422, "No file was chosen. Choose a JPEG or PNG picture, then press Submit.")
    return _checked(Upload(_printable(file.filename or "unnamed"), _printable(file.content_type or ""), content))


def _checked(upload: Upload) -> Upload:
    declared = upload.content_type.partition(";")[0].strip().lower()
    # Clients that do not know a type send none, or octet-stream; then the content decides.
    if declared not in ("", "application/octet-stream") and not declared.startswith("image/"):
        raise Refusal(400, f"File '{upload.filename}' is not an image. Its type is {declared}; upload a JPEG or PNG picture.")
    if not upload.content:
        raise Refusal(400, f"File '{upload.filename}' is empty. Upload a JPEG or PNG picture.")
    return upload


def _from_base64(text: object) -> Upload:
    if not isinstance(text, str):
        raise Refusal(422, 'The key "image_data" is missing or no text. Send {"image_data": "<the picture in base64>"}.')
    head, comma, tail = text.partition(",")
    # Browsers write pictures as data:image/png;base64,….
    encoded = tail if comma and head.startswith("data:") else text
    content_type = head.removeprefix("data:").partition(";")[0] if encoded is tail else "application/octet-stream"
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, 'The text in "image_data" is not valid base64. Encode the whole file: base64 -w0 picture.jpg') from error
    return _checked(Upload("image_data", _printable(content_type), content))


def _printable(text: str) -> str:
    # Names come from strangers: control characters would forge log lines, lone surrogates break JSON.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:255])


REQUEST_BODY = {
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        "application/json": {"schema": {"type": "object", "required": ["image_data"], "properties": {"image_data": {"type": "string"}}}},
    }
}
