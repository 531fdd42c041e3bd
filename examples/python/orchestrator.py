"""A small orchestrator of made-up sub-agents, which learns from its sidecar how to run them."""

from __future__ import annotations

import argparse
import logging
import math
import random
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from learning.v1 import task_pb2
from learning_sidecar import Change, DeltaRefusal, LearningSidecar

DEFAULTS = {
    "primary_coordination_strategy": "sequential",
    "fallback_strategy_threshold": 0.8,
    "max_cpu_per_agent": 100,
}
STRATEGIES = ("sequential", "adaptive")
METRICS_SECONDS = 1.0

log = logging.getLogger("orchestrator")


def main() -> None:
    options = read_options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    sidecar = LearningSidecar(
        options.target,
        options.client_id,
        DEFAULTS,
        on_change=put_in_force,
        credentials=credentials_of(options),
        server_name=options.tls_server_name,
        token_file=options.token_file,
    )
    sidecar.follow()
    threading.Thread(target=report, args=(sidecar, options.agents, over), daemon=True).start()
    started = 0
    with ThreadPoolExecutor(options.agents) as agents:
        while started < options.tasks and not over.wait(1 / options.rate):
            started += 1
            agents.submit(run_task, sidecar, options.agents, started)
    sidecar.close()
    log.info("%d tasks, %d of them dropped", started, sidecar.dropped)
    log.info("in force: %s", dict(sidecar.parameters))


def put_in_force(change: Change) -> None:
    """What a real orchestrator does here: it turns a knob. `sidecar.parameters` follows."""
    if change.delta is None:
        log.info("%s %d: %s", change.outcome or change.source, change.sequence, change.parameters)
        return
    strategy = change.parameters.get("primary_coordination_strategy")
    if strategy not in STRATEGIES:
        raise DeltaRefusal("UNSUPPORTED_VALUE", f"{strategy} is not one of {STRATEGIES}")
    target, reasoning = change.delta.target, change.delta.reasoning
    log.info(
        "delta %d: %s = %s (%s)", change.sequence, target, change.parameters.get(target), reasoning
    )


def run_task(sidecar: LearningSidecar, agents: int, number: int) -> None:
    task_id = f"task-{random.getrandbits(64):x}"
    labels = {"kind": "search" if number % 2 else "summary"}
    settings = sidecar.resolve(task_id, labels)
    seconds, is_success = work(settings.parameters, agents)
    time.sleep(seconds)
    task = task_pb2.Task(
        task_id=task_id,
        agent_id=f"agent-{number % agents}",
        status="TASK_STATUS_SUCCESS" if is_success else "TASK_STATUS_FAILURE",
        latency_ms=seconds * 1000,
        labels=labels,
        delta_sequence=settings.delta_sequence,
    )
    sidecar.record(task)


def work(parameters: Mapping[str, Any], agents: int) -> tuple[float, bool]:
    """Made up: what sequential coordination costs grows with the agents, adaptive's does not."""
    is_adaptive = parameters.get("primary_coordination_strategy") == "adaptive"
    share = float(parameters.get("max_cpu_per_agent", 100)) / 100
    milliseconds = (80 if is_adaptive else 40 + 10 * agents) / math.sqrt(max(share, 0.1))
    is_success = random.random() < (0.97 if is_adaptive else 0.9)
    return milliseconds * random.lognormvariate(0, 0.2) / 1000, is_success


def report(sidecar: LearningSidecar, agents: int, over: threading.Event) -> None:
    while not over.wait(METRICS_SECONDS):
        cpu_percent = random.uniform(55, 70)
        sidecar.report_metrics(
            task_pb2.CoordinationMetrics(sub_agent_count=agents, cpu_percent=cpu_percent)
        )


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="127.0.0.1:50051", help="host:port or unix:/path")
    parser.add_argument("--client-id", default="orchestrator-python")
    parser.add_argument("--tasks", type=int, default=1000, help="ends after so many")
    parser.add_argument("--rate", type=float, default=20, help="tasks a second")
    parser.add_argument("--agents", type=int, default=12, help="sub-agents at work at once")
    add_access_options(parser)
    return parser.parse_args()


def add_access_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tls-ca", help="PEM: whom to trust")
    parser.add_argument("--tls-certificate", help="PEM: what to show")
    parser.add_argument("--tls-key", help="PEM: its key")
    parser.add_argument("--tls-server-name", help="what the sidecar's certificate is for")
    parser.add_argument("--token-file", help="its first token is shown with each call")


def credentials_of(options: argparse.Namespace) -> grpc.ChannelCredentials | None:
    """TLS, where a CA or a certificate is given."""
    files = (options.tls_ca, options.tls_key, options.tls_certificate)
    if not any(files):
        return None
    return grpc.ssl_channel_credentials(
        *(Path(file).read_bytes() if file else None for file in files)
    )


if __name__ == "__main__":
    main()
