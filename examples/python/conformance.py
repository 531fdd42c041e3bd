"""Does what test/conformance asks of it, as lines of JSON: see "The agent" there."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import google.protobuf
import grpc
from google.protobuf import json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc

from learning_sidecar import Change, DeltaRefusal, Failure, LearningSidecar, Outcome, read_failure
from learning_sidecar.v1 import (
    admin_service_pb2,
    admin_service_pb2_grpc,
    learning_service_pb2,
    task_pb2,
)

log = logging.getLogger("conformance")

Json = dict[str, Any]


class Refused(Exception):
    """What to answer."""


class Agent:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.sidecar = LearningSidecar(
            options.target,
            options.client_id,
            json.loads(options.defaults),
            on_change=self.put_in_force,
            credentials=credentials_of(options),
            server_name=options.tls_server_name,
            token_file=options.token_file,
        )
        channel = self.sidecar.channel
        self.services = {
            "LearningService": (learning_service_pb2, self.sidecar.stub),
            "LearningAdminService": (
                admin_service_pb2,
                admin_service_pb2_grpc.LearningAdminServiceStub(channel),
            ),
            "Health": (health_pb2, health_pb2_grpc.HealthStub(channel)),
        }
        self.reading = threading.Event()
        self.reading.set()
        self.refusal: DeltaRefusal | None = None
        self.output = threading.Lock()
        self.pool = ThreadPoolExecutor(32)

    def run(self) -> None:
        for line in sys.stdin:
            command = json.loads(line)
            handler = getattr(self, f"do_{command.get('do')}", None)
            if command.get("do") == "record":
                self.record(command)
            elif handler is None:
                self.answer(command, error=agent_error(f"unknown command {command.get('do')}"))
            else:
                self.pool.submit(self.handle, handler, command)
        self.reading.set()
        self.sidecar.close(timeout=0)
        self.pool.shutdown(cancel_futures=True)

    def handle(self, handler: Callable[[Json], Json], command: Json) -> None:
        try:
            self.answer(command, ok=handler(command))
        except (grpc.RpcError, Failure) as error:
            self.answer(command, error=describe(error))
        except Refused as refused:
            self.answer(command, error=refused.args[0])
        except Exception as error:
            log.exception("%s", command)
            self.answer(command, error=agent_error(repr(error)))

    def answer(self, command: Json, **result: Any) -> None:
        self.write({"id": command.get("id"), **result})

    def write(self, record: Json) -> None:
        with self.output:
            print(json.dumps(record), flush=True)

    def put_in_force(self, change: Change) -> None:
        self.reading.wait()
        refusal, self.refusal = self.refusal, None
        if refusal is None or refusal.parameters is not None:  # not all of it is refused
            self.write_values(change)
        if refusal is not None:
            raise refusal

    def write_values(self, change: Change) -> None:
        self.write(
            {
                "event": "values",
                "source": change.source,
                "outcome": change.outcome,
                "epoch": change.epoch,
                "sequence": change.sequence,
                "delta_id": change.delta.delta_id if change.delta is not None else None,
                "changed": dict(change.changed),
                "parameters": dict(change.parameters),
            }
        )

    def do_versions(self, _: Json) -> Json:
        return {
            "language": f"Python {platform.python_version()}",
            "grpc": f"grpcio {grpc.__version__}",
            "protobuf": f"protobuf {google.protobuf.__version__}",
        }

    def do_call(self, command: Json) -> Json:
        file, stub = self.services[command["service"]]
        name = command["method"]
        method = file.DESCRIPTOR.services_by_name[command["service"]].methods_by_name[name]
        request = message_factory.GetMessageClass(method.input_type)()
        json_format.ParseDict(command.get("request", {}), request)
        answer = getattr(stub, name)(request, timeout=deadline(command))
        return json_format.MessageToDict(answer)

    def do_call_raw(self, command: Json) -> Json:
        call = self.sidecar.channel.unary_unary(command["method"])
        request = bytes.fromhex(command["hex"])
        answer = call(request, timeout=deadline(command))
        return {"hex": answer.hex()}

    def do_record_stream(self, command: Json) -> Json:
        batches = [
            json_format.ParseDict({"tasks": tasks}, learning_service_pb2.RecordTasksRequest())
            for tasks in command["batches"]
        ]
        counts = {"recordedCount": "0", "duplicateCount": "0"}
        answers = self.sidecar.stub.RecordTasks(iter(batches), timeout=deadline(command))
        try:
            for answer in answers:
                counts["recordedCount"] = str(answer.recorded_count)
                counts["duplicateCount"] = str(answer.duplicate_count)
        except grpc.RpcError as error:
            raise Refused({**describe(error), "counts": counts}) from None
        return counts

    def do_follow(self, command: Json) -> Json:
        self.sidecar.follow()
        return {}

    def do_parameters(self, _: Json) -> Json:
        return dict(self.sidecar.parameters)

    def do_resolve(self, command: Json) -> Json:
        resolved = self.sidecar.resolve(command.get("task_id", ""), command.get("labels"))
        return {
            "parameters": dict(resolved.parameters),
            "delta_sequence": resolved.delta_sequence,
            "arm": resolved.arm,
            "fallback": resolved.is_fallback,
        }

    def record(self, command: Json) -> None:
        try:
            task = json_format.ParseDict(command["task"], task_pb2.Task())
        except json_format.ParseError as error:
            self.answer(command, error=agent_error(str(error)))
            return
        # There may be many, and they may take long: not in the pool.
        self.sidecar.record(task).add_done_callback(
            lambda recorded: self.answer(command, **told(recorded.result()))
        )

    def do_reopen(self, command: Json) -> Json:
        for _ in range(command["times"]):
            self.reopen()
        return {"threads": threading.active_count(), "files": len(os.listdir("/proc/self/fd"))}

    def reopen(self) -> None:
        """Another client, from its beginning to its end."""
        followed = threading.Event()

        def on_change(change: Change) -> None:
            if change.source == "snapshot":
                followed.set()

        other = LearningSidecar(self.options.target, self.options.client_id, on_change=on_change)
        other.follow()
        other.record({}).result()
        followed.wait()
        other.close()

    def do_refuse_next(self, command: Json) -> Json:
        self.refusal = DeltaRefusal(
            command["reason"], command["message"], command.get("parameters")
        )
        return {}

    def do_pause_reading(self, _: Json) -> Json:
        self.reading.clear()
        return {}

    def do_resume_reading(self, _: Json) -> Json:
        self.reading.set()
        return {}


def told(outcome: Outcome) -> Json:
    if outcome.failure is not None:
        return {"error": describe(outcome.failure)}
    return {"ok": {"outcome": outcome.outcome}}


def deadline(command: Json) -> float:
    return command.get("deadline_ms", 5000) / 1000


def describe(error: Any) -> Json:
    """What a call has raised, or the client made of it."""
    is_read = isinstance(error, Failure)
    failure = error if is_read else read_failure(error)
    trailers = {} if is_read else dict(error.trailing_metadata() or ())
    return {
        "code": failure.code,
        "message": failure.message,
        "reason": failure.reason or None,
        "domain": failure.domain or None,
        "violations": [{"field": f, "description": d} for f, d in failure.violations],
        "retry_delay_ms": None if failure.retry_seconds is None else failure.retry_seconds * 1000,
        "pushback_ms": trailers.get("grpc-retry-pushback-ms"),
    }


def agent_error(message: str) -> Json:
    return describe(Failure("AGENT", message))


def credentials_of(options: argparse.Namespace) -> grpc.ChannelCredentials | None:
    """TLS, where a CA or a certificate is given."""
    files = (options.tls_ca, options.tls_key, options.tls_certificate)
    if not any(files):
        return None
    return grpc.ssl_channel_credentials(
        *(Path(file).read_bytes() if file else None for file in files)
    )


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--defaults", default="{}")
    parser.add_argument("--tls-ca")
    parser.add_argument("--tls-certificate")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-server-name")
    parser.add_argument("--token-file")
    Agent(parser.parse_args()).run()


if __name__ == "__main__":
    main()
