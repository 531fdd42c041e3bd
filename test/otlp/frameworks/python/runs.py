"""Runs of an agent framework under its usual instrumentation, with a model that needs no network.

    python runs.py FRAMEWORK --endpoint URL [--record FILE]

Exports to URL by OTLP over HTTP, and prints a line of JSON: what had happened in each run, and in which traces. With
--record, the same and the exports are written to a file. Each way of a run is made twice: as it is, and within a span of
its own that carries a task id, where a timeout is inside that span.
"""

import argparse
import asyncio
import importlib
import json
from importlib.metadata import version

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

TIMEOUT_SECONDS = 0.5
# What is done in each run: what the agent is asked, and how it ends.
RUNS = {
    "a tool is called": ("moss", "SUCCESS"),
    "the tool raises, and the model answers": ("stone", "SUCCESS"),
    "the model raises": ("sand", "FAILURE"),
    "a timeout": ("slow", "TIMEOUT"),
}


class Traces(SpanProcessor):
    """The traces that have begun since it was asked."""

    def __init__(self):
        self.seen = {}

    def on_start(self, span, parent_context=None):
        self.seen[format(span.context.trace_id, "032x")] = True

    def take(self):
        seen, self.seen = self.seen, {}
        return list(seen)


class Recorder(SpanExporter):
    def __init__(self):
        self.requests = []

    def export(self, spans):
        request = MessageToDict(encode_spans(spans))
        self.requests.append({"signal": "traces", "request": request})
        return SpanExportResult.SUCCESS


async def outcome_of(work):
    try:
        await work
        return "SUCCESS"
    except (asyncio.TimeoutError, asyncio.CancelledError):
        return "TIMEOUT"
    except BaseException:
        return "FAILURE"


async def within_span(tracer, name, framework, prompt, task_id):
    with tracer.start_as_current_span("task", attributes={"learning.task_id": task_id}):
        await asyncio.wait_for(framework.run(prompt), TIMEOUT_SECONDS)


async def run_all(framework, tracer, traces):
    runs = []
    # What is loaded when it is first used takes longer than a run may.
    await framework.run("moss")
    for name, (prompt, expected) in RUNS.items():
        for way in ("plain", "own span"):
            traces.take()
            task_id = f"{framework.NAME}/{name}"
            work = (
                asyncio.wait_for(framework.run(prompt), TIMEOUT_SECONDS)
                if way == "plain"
                else within_span(tracer, name, framework, prompt, task_id)
            )
            outcome = await outcome_of(work)
            if outcome != expected:
                raise SystemExit(f"{task_id}: expected {expected}, found {outcome}")
            # What is cancelled may end its spans a little later.
            await asyncio.sleep(0.05)
            runs.append(
                {
                    "run": name,
                    "way": way,
                    "outcome": outcome,
                    "traces": traces.take(),
                    "task_id": task_id if way == "own span" else None,
                }
            )
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("framework")
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--record")
    arguments = parser.parse_args()
    provider = TracerProvider(resource=Resource.create({"service.name": arguments.framework}))
    traces = Traces()
    recorder = Recorder()
    provider.add_span_processor(traces)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(arguments.endpoint)))
    provider.add_span_processor(BatchSpanProcessor(recorder))
    trace.set_tracer_provider(provider)
    framework = importlib.import_module(arguments.framework)
    framework.instrument(provider)
    runs = asyncio.run(run_all(framework, provider.get_tracer("orchestrator"), traces))
    provider.force_flush()
    versions = {name: version(name) for name in (*framework.PACKAGES, "opentelemetry-sdk")}
    result = {"framework": framework.NAME, "versions": versions, "runs": runs}
    if arguments.record is not None:
        with open(arguments.record, "w", encoding="utf-8") as file:
            json.dump({**result, "requests": recorder.requests}, file, indent=1)
            file.write("\n")
    print(json.dumps(result), flush=True)
    provider.shutdown()


if __name__ == "__main__":
    main()
