"""What the pages show, run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import ROOT, World

PAGES = ["clients/python/README.md", "docs/quickstart/python.md"]

# Yours, on the pages.
AGENTS = {
    "with": "def run_agent(job, settings): return 0.5",
    "await": "async def run_agent(job, settings): pass",
}


def examples() -> list[tuple[str, str]]:
    return [
        (f"{page} {number}", text)
        for page in PAGES
        for number, text in enumerate(
            re.findall(
                r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
            )
        )
    ]


@pytest.mark.parametrize("text", [text for _, text in examples()], ids=[i for i, _ in examples()])
def test_it_runs(world: World, tmp_path: Path, text: str) -> None:
    world.start()
    script = text.replace("127.0.0.1:50051", world.target).replace("range(100)", "range(5)")
    if "async def main" in text:
        script += "import asyncio\nasyncio.run(main())\n"
    agent = AGENTS["await" if "await run_agent" in text else "with"]
    path = tmp_path / "script.py"
    path.write_text(script if "def run_agent" in text else f"{agent}\n{textwrap.dedent(script)}")
    ended = subprocess.run([sys.executable, str(path)], timeout=60, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert world.status().total_tasks_recorded >= 1


def test_the_example_learns_nothing_wrong(world: World) -> None:
    world.start()
    script = ROOT / "examples/python/orchestrator.py"
    flags = ["--target", world.target, "--tasks", "40", "--rate", "200"]
    ended = subprocess.run([sys.executable, str(script), *flags], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "40 tasks, 0 of them dropped" in ended.stderr
    assert world.status().total_tasks_recorded == 40
