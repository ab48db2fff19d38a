import shutil
from pathlib import Path

import pytest

pytest.importorskip("flask", reason="pip install '.[web]'")

import satchel
from satchel_web import Config, create_app

MODEL = "secondary-mathematics.mlp"


@pytest.fixture
def app():
    return create_app(Config(max_records=5, max_bytes=20_000))


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="session")
def predictor():
    return satchel.load(MODEL)


@pytest.fixture
def record(predictor):
    return {feature.name: feature.imputed for feature in predictor.spec.inputs.features}


@pytest.fixture
def own_models(tmp_path):
    """A folder with a bundle of one's own: another name, and no index."""
    tiny = Path(__file__).parents[1] / "runtime/bundles/tiny.linear.onnx"
    shutil.copy(tiny, tmp_path)
    return tmp_path
