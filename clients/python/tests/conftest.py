"""Real sidecars for the tests: `npm ci` at the root of the repository brings what runs them."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from learning_sidecar.v1 import admin_service_pb2 as admin
from learning_sidecar.v1 import learning_service_pb2 as messages
from learning_sidecar.v1.admin_service_pb2_grpc import LearningAdminServiceStub
from learning_sidecar.v1.learning_service_pb2_grpc import LearningServiceStub

ROOT = Path(__file__).resolve().parents[3]
NODE = ROOT / "node_modules/node/bin/node"
PATIENCE_SECONDS = 30

# Nothing happens unless a test asks for it.
CONFIG = {
    "cycle": {"enabled": False},
    "curation": {"cooldown_seconds": 0, "mode": "apply"},
    "parameters": {"level": {"initial": 0, "type": "number"}, "text": {"initial": ""}},
}


def until(is_so: Callable[[], Any], what: str = "") -> Any:
    """Waits until something holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < end, what or "it took too long"
        time.sleep(0.01)
    return found


class World:
    """Sidecars that come and go at one address, over one ledger."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.target = f"127.0.0.1:{free.getsockname()[1]}"
        self.process: subprocess.Popen[str] | None = None
        self.channel = grpc.insecure_channel(
            self.target, [("grpc.max_reconnect_backoff_ms", 200), ("grpc.enable_http_proxy", 0)]
        )
        self.service = LearningServiceStub(self.channel)
        self.admin = LearningAdminServiceStub(self.channel)

    def start(self, **sections: Any) -> World:
        config = self.directory / "config.json"
        config.write_text(json.dumps({**CONFIG, **sections}))
        self.process = subprocess.Popen(
            [
                *(str(NODE), str(ROOT / "src/main.ts"), "--listen", self.target),
                *("--admin-listen", "127.0.0.1:0", "--data-dir", str(self.directory / "data")),
                *("--config", str(config), "--log-level", "info"),
            ],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        lines = self.process.stdout
        assert lines is not None
        for line in lines:
            if '"listen"' in line:
                threading.Thread(target=lines.read, daemon=True).start()
                return self
        raise AssertionError("the sidecar does not serve")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def put(self, name: str, value: Any) -> Any:
        """Puts a value in force; answers its delta."""
        request = admin.SetParameterRequest(target=name)
        kind = "string_value" if isinstance(value, str) else "number_value"
        setattr(request.value, kind, value)
        return self.admin.SetParameter(request, timeout=10, wait_for_ready=True).delta

    def status(self) -> Any:
        return self.service.GetStatus(messages.GetStatusRequest(), timeout=10, wait_for_ready=True)

    def acknowledged(self, client_id: str) -> int:
        found = (one for one in self.status().subscribers if one.client_id == client_id)
        return max((one.acked_sequence for one in found), default=-1)

    def delta(self, delta_id: str) -> Any:
        request = messages.GetDeltaStatusRequest(delta_id=delta_id)
        return self.service.GetDeltaStatus(request, timeout=10).delta


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Not started."""
    world = World(tmp_path)
    yield world
    world.kill()
    world.channel.close()


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[str], list[str]]:
    """What the client has logged, with a text in it."""
    caplog.set_level(logging.WARNING, "learning_sidecar")
    return lambda text: [line for line in caplog.messages if text in line]
