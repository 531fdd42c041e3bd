"""Asks OpenFeature's SDK for Python what test/openfeature tells it to."""

import json
import platform
import sys
import time
from importlib.metadata import version

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent

PACKAGES = ["openfeature-sdk", "openfeature-provider-flagd", "openfeature-provider-ofrep"]

client = api.get_client()
names: set[str] = set()


def note(details):
    names.update(details.flags_changed or [])


client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, note)


def versions(_):
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *packages])


def open_provider(command):
    host, port = command["host"], command["port"]
    if command["mode"] == "ofrep":
        provider = OFREPProvider(f"http://{host}:{port}")
    else:
        kind = ResolverType.RPC if command["mode"] == "rpc" else ResolverType.IN_PROCESS
        provider = FlagdProvider(host=host, port=port, resolver_type=kind)
    api.set_provider_and_wait(provider)


def evaluate(command):
    context = dict(command["context"])
    key = context.pop("targetingKey", None)
    ask = getattr(client, f"get_{command['type']}_details")
    start = time.perf_counter()
    details = ask(command["flag"], command["default"], EvaluationContext(key, context))
    return {
        "value": details.value,
        "variant": details.variant,
        "reason": text(details.reason),
        "error": text(details.error_code),
        "ms": (time.perf_counter() - start) * 1000,
    }


def text(value):
    return None if value is None else str(getattr(value, "value", value))


COMMANDS = {
    "versions": versions,
    "open": open_provider,
    "evaluate": evaluate,
    "changed": lambda _: sorted(names),
}

for line in sys.stdin:
    command = json.loads(line)
    answer = {"id": command["id"]}
    try:
        answer["ok"] = COMMANDS[command["do"]](command)
    except Exception as error:
        answer["failed"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
