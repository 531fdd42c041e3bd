"""What is in the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import learning_sidecar

PACKAGE = Path(learning_sidecar.__file__).parent
FOLDER = Path(__file__).resolve().parents[1]

# Of the loop in each language; the original's class is to stay an adapter.
MOST_LINES = {"client.py": 200, "aio.py": 200, "original.py": 80}


def test_the_generated_code_is_what_proto_gives(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(FOLDER / "generate.py"), str(tmp_path)], check=True)
    made = {path.name: path.read_text() for path in (tmp_path / "learning_sidecar/v1").iterdir()}
    kept = {path.name: path.read_text() for path in (PACKAGE / "v1").glob("*.py*")}
    assert kept.keys() == made.keys()
    for name, text in made.items():
        assert kept[name] == text, f"{name}: run generate.py"


def test_it_needs_no_module_of_another_name() -> None:
    script = (
        "import sys; import learning_sidecar, learning_sidecar.aio, learning_sidecar.original;"
        "from learning_sidecar.v1 import admin_service_pb2_grpc;"
        "from google.protobuf import descriptor_pool;"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'learning', 'buf'});"
        "descriptor_pool.Default().FindFileByName('learning_sidecar/v1/task.proto')"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == ""


@pytest.mark.parametrize("name", MOST_LINES)
def test_it_stays_small(name: str) -> None:
    assert len((PACKAGE / name).read_text().splitlines()) <= MOST_LINES[name]
