"""A client as docs/integration.md describes it: a service config, and a loop around it that keeps the
task's id. Records so many tasks, and prints what it met with as a line of JSON.

Usage: retrying_client.py ADDRESS PREFIX COUNT LANES, with generated stubs on PYTHONPATH.
"""

import collections
import concurrent.futures
import json
import random
import sys
import time

import grpc
from learning.v1 import learning_service_pb2 as messages
from learning.v1 import learning_service_pb2_grpc as services
from learning.v1 import task_pb2 as tasks

SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "learning.v1.LearningService", "method": "RecordTask"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
RETRIED = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
)

failures = collections.Counter()
without_retry = 0


def record(stub, task_id):
    """Calls until it is answered; the id makes that safe. Answers whether it was known already."""
    global without_retry
    while True:
        try:
            task = tasks.Task(task_id=task_id, latency_ms=100)
            request = messages.RecordTaskRequest(task=task)
            return stub.RecordTask(request, timeout=600, wait_for_ready=True).duplicate
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            pushback = trailers.get("grpc-retry-pushback-ms")
            refused = "grpc-status-details-bin" in trailers
            what = "refused" if refused else error.details()[:60]
            failures[f"{error.code().name} {what}"] += 1
            if refused and pushback is None:
                without_retry += 1
            if error.code() not in RETRIED:
                raise
            if pushback is not None:
                time.sleep(int(pushback) / 1000)
            else:
                time.sleep(random.uniform(0.2, 1))


def main():
    address, prefix, count, lanes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    options = [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ]
    with grpc.insecure_channel(address, options=options) as channel:
        stub = services.LearningServiceStub(channel)
        with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
            ids = (f"{prefix}-{number + 1}" for number in range(count))
            known = list(pool.map(lambda task_id: record(stub, task_id), ids))
    result = {
        "recorded": len(known),
        "duplicates": sum(known),
        "failures": failures,
        "withoutRetry": without_retry,
    }
    print(json.dumps(result))


main()
