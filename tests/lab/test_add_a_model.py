"""A model is one folder, one entry in docker-compose.yml, one line in nginx/upstreams.conf."""

from pathlib import Path

from tests.lab.conftest import Lab, copy_checkout
from tests.support import free_ports

MODEL = '''
"""Says how bright a picture is."""

from pathlib import Path

import numpy as np

from serving import pictures
from serving.contract import Artifact, Picture, Prediction


class Brightness:
    takes = Picture(8, Path("sample_data/lemon/lemon_01.jpg"))
    labels = ("dark", "bright")
    artifact = Artifact(Path(__file__), "0" * 64, stand_in=False)
    prediction_sample = [0.25, 0.75]

    def prepare(self, item):
        return np.asarray(pictures.cut_square(item, 8), np.float32) / 255

    def predict(self, batch):
        return [Prediction((1 - float(picture.mean()), float(picture.mean()))) for picture in batch]


def load(variant):
    return Brightness()
'''

ENTRY = """
  app_brightness:
    <<: *model
    build:
      context: .
      dockerfile: serving/Dockerfile
      args: {{APP: app_brightness}}
    environment: {{VARIANT: brightness, PORT: "{port}"}}

volumes:
"""

LINE = "upstream fruit.brightness { server unix:@SOCKETS@/brightness.sock max_fails=0; keepalive 16; keepalive_timeout 30s; }\n"


def test_a_new_model_is_one_folder_one_entry_and_one_line(state: Path) -> None:
    checkout = state / "checkout"
    copy_checkout(checkout)
    (checkout / "app_brightness").mkdir()
    (checkout / "app_brightness" / "model.py").write_text(MODEL)
    compose = (checkout / "docker-compose.yml").read_text()
    (checkout / "docker-compose.yml").write_text(compose.replace("\nvolumes:\n", ENTRY.format(port=free_ports(1)[0])))
    with (checkout / "nginx" / "upstreams.conf").open("a") as upstreams:
        upstreams.write(LINE)
    lab = Lab(state / "state", checkout)

    up = lab.embedded("up")
    by_header = lab.upload(**{"X-Variant": "brightness"}).json()
    by_path = lab.upload(path="/fruit/brightness/result/").text
    lines = lab.lines()
    lab.embedded("down")

    assert up.returncode == 0, up.stderr
    assert by_header["model"] == "brightness"
    assert set(by_header["probabilities"]) == {"dark", "bright"}
    assert "brightness" in by_path
    assert [(line["variant"], line["status"]) for line in lines] == [("brightness", 200)] * len(lines)
