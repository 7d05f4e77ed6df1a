"""Without PyTorch the iris models are still made, and the others are named with what they need."""

import shutil
import subprocess
import sys
from pathlib import Path

from models.cli import ROOT

# Python as it is where PyTorch is not installed.
PROGRAM = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, NoTorch())
from pathlib import Path
from models.cli import main
sys.exit(main(["--offline"], {}, Path(sys.argv[1])))
"""


def test_without_torch_the_iris_models_are_still_made(tmp_path: Path) -> None:
    for plan in ROOT.glob("app_*/artifacts.toml"):
        (tmp_path / plan.parent.name).mkdir()
        shutil.copy(plan, tmp_path / plan.parent.name)

    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == ""
    assert "vgg16.onnx cannot be made: the package torch is missing. Run: sh models/install_torch.sh pip" in done.stdout
    assert {path.stem for path in tmp_path.glob("app_iris/artifacts/*.onnx")} == {"iris_svc", "iris_rf", "iris_xgboost", "iris_ocs"}


def test_without_its_packages_the_program_says_what_to_run(tmp_path: Path) -> None:
    shutil.copy(ROOT / "download_models.py", tmp_path)
    shutil.copytree(ROOT / "models", tmp_path / "models")

    # -S: Python without any installed package.
    done = subprocess.run([sys.executable, "-S", "download_models.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "is missing. Run: make models" in done.stderr
    assert "Traceback" not in done.stderr
