package io.github.learningsidecar;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/** How to reach the sidecar, and what to do with its values. */
public final class Options {
  /** Bytes. The sidecar would refuse a stream of a longer one for ever. */
  private static final int MAX_CLIENT_ID_BYTES = 256;

  final String target;
  final String clientId;
  Parameters defaults = Parameters.of(Map.of());
  Consumer<Change> onChange = change -> {};
  ChannelCredentials credentials = InsecureChannelCredentials.create();
  String serverName;
  Path tokenFile;
  int maxPending = 1000;

  /**
   * The least that a client has to know.
   *
   * @param target host:port or unix:/path (on Linux)
   * @param clientId names this orchestrator, stays the same over restarts; at most 256 bytes of UTF-8
   */
  public Options(String target, String clientId) {
    this.target = Objects.requireNonNull(target, "target");
    this.clientId = Objects.requireNonNull(clientId, "clientId");
    if (clientId.getBytes(StandardCharsets.UTF_8).length > MAX_CLIENT_ID_BYTES) {
      throw new IllegalArgumentException("clientId: expected at most " + MAX_CLIENT_ID_BYTES + " bytes");
    }
  }

  /** The values until the sidecar has answered: numbers, texts, booleans, and maps and lists of them. */
  public Options defaults(Map<String, ?> values) {
    defaults = Parameters.of(values);
    return this;
  }

  /**
   * Puts a change in force. It is called with one change after the other, and the stream waits for it. What it throws
   * refuses the change: all of it, or the parameters that a DeltaRefusal names.
   */
  public Options onChange(Consumer<Change> listener) {
    onChange = Objects.requireNonNull(listener, "listener");
    return this;
  }

  /** gRPC's own, such as TlsChannelCredentials; without them, connections are in plain text. */
  public Options credentials(ChannelCredentials channelCredentials) {
    credentials = Objects.requireNonNull(channelCredentials, "channelCredentials");
    return this;
  }

  /** The name that the sidecar's certificate has, if that is not the target's host. */
  public Options serverName(String name) {
    serverName = name;
    return this;
  }

  /** A file whose first line that is no comment is the token to show; read again for each call. */
  public Options tokenFile(Path file) {
    tokenFile = file;
    return this;
  }

  /** Tasks on their way at most, at least 1; beyond, the newest are dropped. */
  public Options maxPending(int tasks) {
    maxPending = tasks;
    return this;
  }
}
