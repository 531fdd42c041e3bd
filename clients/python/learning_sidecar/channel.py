"""How a client reaches its sidecar: what gRPC itself is asked to do, and the token."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from .failure import Failure

log = logging.getLogger("learning_sidecar")

BRIEF_SECONDS = 0.5  # a caller does not wait longer for values, or to report metrics
ACK_SECONDS = 5.0
SEND_SECONDS = 600.0  # of a call that waits for the sidecar to come back; then another is made
PAUSE_SECONDS = (0.2, 1.0)  # at random, so that clients spread
CLIENT_ID_BYTES = 256

RETRY_POLICY = {
    "maxAttempts": 5,
    "initialBackoff": "0.2s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
SERVICE = "learning.v1.LearningService"
SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": SERVICE, "method": "RecordTask"}],
            "retryPolicy": RETRY_POLICY,
            "waitForReady": True,
        },
        {"name": [{"service": SERVICE, "method": "AckDelta"}], "retryPolicy": RETRY_POLICY},
    ]
}


def open_channel(
    target: str,
    client_id: str,
    credentials: grpc.ChannelCredentials | None,
    server_name: str | None,
    token_file: str | None,
) -> grpc.Channel:
    """Raises `ValueError`, or `OSError`, for what would be tried for ever."""
    options = options_of(target, client_id, server_name)
    interceptors = [] if token_file is None else [TokenInterceptor(TokenFile(token_file))]
    if credentials is None:
        channel = grpc.insecure_channel(target, options)
    else:
        channel = grpc.secure_channel(target, credentials, options)
    return grpc.intercept_channel(channel, *interceptors)


def open_aio_channel(
    target: str,
    client_id: str,
    credentials: grpc.ChannelCredentials | None,
    server_name: str | None,
    token_file: str | None,
) -> grpc.aio.Channel:
    """The same for asyncio."""
    options = options_of(target, client_id, server_name)
    interceptors = [] if token_file is None else aio_interceptors(TokenFile(token_file))
    if credentials is None:
        return grpc.aio.insecure_channel(target, options, interceptors=interceptors)
    return grpc.aio.secure_channel(target, credentials, options, interceptors=interceptors)


def options_of(target: str, client_id: str, server_name: str | None) -> list[tuple[str, Any]]:
    if not re.fullmatch(r"unix:.+|[^\s]+:[0-9]+", target):
        raise ValueError(f"target: expected host:port or unix:/path, found {target!r}")
    if len(client_id.encode()) > CLIENT_ID_BYTES:
        raise ValueError(f"client_id: expected at most {CLIENT_ID_BYTES} bytes")
    return [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1000),
        # Finds out that a host has gone. Servers may refuse more frequent pings.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.enable_http_proxy", 0),
        *([] if server_name is None else [("grpc.ssl_target_name_override", server_name)]),
    ]


def pause(failure: Failure | None = None) -> float:
    """Seconds before another try."""
    if failure is not None and failure.retry_seconds is not None:
        return min(max(failure.retry_seconds, PAUSE_SECONDS[0]), 60.0)
    return random.uniform(*PAUSE_SECONDS)


class TokenFile:
    """A file whose first line that is no comment is the token. Raises `OSError`, `ValueError`."""

    def __init__(self, path: str) -> None:
        self._path, self._token = path, read_token(path)

    def attach(self, details: Any) -> Any:
        """A call's details, with the token as it is now."""
        try:
            self._token = read_token(self._path)
        except (OSError, ValueError) as error:
            # Being exchanged, or gone: the sidecar decides whether the last one is still good.
            log.warning("no token in %s: %r", self._path, error)
        header = ("authorization", f"Bearer {self._token}")
        return details._replace(metadata=(*(details.metadata or ()), header))


def read_token(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    token = next((line for line in lines if line and line[0] != "#"), "")
    if not (token and token.isascii() and token.isprintable()):
        raise ValueError(f"no token in {path}")
    return token


class TokenInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def __init__(self, token: TokenFile) -> None:
        self._token = token

    def _intercept(self, proceed: Any, details: Any, request: Any) -> Any:
        return proceed(self._token.attach(details), request)

    intercept_unary_unary: Any = _intercept
    intercept_unary_stream: Any = _intercept
    intercept_stream_stream: Any = _intercept


def aio_interceptors(token: TokenFile) -> list[grpc.aio.ClientInterceptor]:
    """One for each kind of call, which is how asyncio's channel wants them."""

    async def intercept(_: Any, proceed: Callable[..., Any], details: Any, request: Any) -> Any:
        attached = token.attach(details)
        metadata = grpc.aio.Metadata(*attached.metadata)
        return await proceed(attached._replace(metadata=metadata), request)

    kinds: dict[str, Any] = {
        "intercept_unary_unary": grpc.aio.UnaryUnaryClientInterceptor,
        "intercept_unary_stream": grpc.aio.UnaryStreamClientInterceptor,
        "intercept_stream_stream": grpc.aio.StreamStreamClientInterceptor,
    }
    return [type("Token", (kind,), {name: intercept})() for name, kind in kinds.items()]
