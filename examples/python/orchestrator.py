"""A small orchestrator of simulated sub-agents, which learns from its sidecar how to run them."""

from __future__ import annotations

import argparse
import logging
import math
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from learning_sidecar import Change, DeltaRefusal, LearningSidecar, report_every

DEFAULTS = {"primary_coordination_strategy": "sequential", "max_cpu_per_agent": 100}
STRATEGIES = ("sequential", "adaptive")

log = logging.getLogger("orchestrator")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="127.0.0.1:50051", help="host:port or unix:/path")
    parser.add_argument("--tasks", type=int, default=1000, help="ends after so many")
    parser.add_argument("--rate", type=float, default=20, help="tasks a second")
    parser.add_argument("--agents", type=int, default=12, help="sub-agents at work at once")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    with LearningSidecar(options.target, "orchestrator-python", DEFAULTS, check) as sidecar:
        report_every(
            1.0,
            sidecar,
            lambda: {"sub_agent_count": options.agents, "cpu_percent": random.uniform(55, 70)},
        )
        with ThreadPoolExecutor(options.agents) as agents:
            for number in range(options.tasks):
                agents.submit(run_task, sidecar, options.agents, number)
                time.sleep(1 / options.rate)
    log.info("%d tasks, %d of them dropped", options.tasks, sidecar.dropped)
    log.info("in force: %s", dict(sidecar.parameters))


def check(change: Change) -> None:
    """Refuses what this orchestrator cannot do. All else is in force from now on."""
    if change.parameters.get("primary_coordination_strategy") not in STRATEGIES:
        raise DeltaRefusal(
            "UNSUPPORTED_VALUE",
            f"expected one of {STRATEGIES}",
            parameters=["primary_coordination_strategy"],
        )
    why = change.outcome if change.delta is None else change.delta.reasoning
    values = {name: change.parameters.get(name) for name in change.changed}
    log.info("%s %d: %s (%s)", change.source, change.sequence, values, why)


def run_task(sidecar: LearningSidecar, agents: int, number: int) -> None:
    with sidecar.task(
        agent_id=f"agent-{number % agents}", kind=("search", "summary")[number % 2]
    ) as t:
        seconds, is_success = work(t.parameters, agents)
        time.sleep(seconds)
        t.status = "TASK_STATUS_SUCCESS" if is_success else "TASK_STATUS_FAILURE"


def work(parameters: Mapping[str, Any], agents: int) -> tuple[float, bool]:
    """What sequential coordination costs grows with the agents; adaptive's does not."""
    is_adaptive = parameters.get("primary_coordination_strategy") == "adaptive"
    share = float(parameters.get("max_cpu_per_agent", 100)) / 100
    milliseconds = (80 if is_adaptive else 40 + 10 * agents) / math.sqrt(max(share, 0.1))
    is_success = random.random() < (0.97 if is_adaptive else 0.9)
    return milliseconds * random.lognormvariate(0, 0.2) / 1000, is_success


if __name__ == "__main__":
    main()
