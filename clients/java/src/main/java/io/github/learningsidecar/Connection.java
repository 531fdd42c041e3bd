package io.github.learningsidecar;

import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The channel to the sidecar, with gRPC's retries, and the token that calls show. */
final class Connection {
  private static final long MIN_DELAY_MS = 200;
  private static final long MAX_DELAY_MS = 1000;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  /** gRPC waits up to these delays, at random, or as long as the sidecar asks by grpc-retry-pushback-ms. */
  private static final Map<String, ?> RETRY_POLICY = Map.of(
      "maxAttempts", 5.0, "initialBackoff", "0.2s", "maxBackoff", "1s", "backoffMultiplier", 2.0,
      "retryableStatusCodes", List.of("UNAVAILABLE"));
  private static final Map<String, ?> SERVICE_CONFIG = Map.of("methodConfig", List.of(
      Map.of("name", List.of(method("RecordTask")), "waitForReady", true, "retryPolicy", RETRY_POLICY),
      Map.of("name", List.of(method("AckDelta")), "retryPolicy", RETRY_POLICY)));

  private Connection() {}

  private static Map<String, ?> method(String name) {
    return Map.of("service", "learning.v1.LearningService", "method", name);
  }

  /** Throws UncheckedIOException where there is no token: its calls would be refused for ever. */
  static ManagedChannel open(Options options) {
    try {
      if (options.tokenFile != null) readToken(options.tokenFile);
    } catch (IOException missing) {
      throw new UncheckedIOException(missing);
    }
    boolean isUnix = options.target.startsWith("unix:");
    var builder = Grpc.newChannelBuilder(options.target, options.credentials)
        .defaultServiceConfig(SERVICE_CONFIG)
        .disableServiceConfigLookUp()
        .keepAliveTime(30, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true)
        .proxyDetector(address -> null);
    if (options.serverName != null) builder.overrideAuthority(options.serverName);
    // The default, the socket's path, is no authority that HTTP/2 servers take.
    else if (isUnix) builder.overrideAuthority("localhost");
    if (isUnix && builder instanceof NettyChannelBuilder netty) {
      // Set by gRPC, and warned of by netty at each attempt: unix sockets have no such option.
      netty.withOption(ChannelOption.SO_KEEPALIVE, null);
    }
    var channel = builder.build();
    keepConnecting(channel);
    return channel;
  }

  /** Connects anew within a second: gRPC's own delays go up to two minutes, and no option bounds them. */
  private static void keepConnecting(ManagedChannel channel) {
    var state = channel.getState(false);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      later(0, () -> {
        channel.resetConnectBackoff();
        keepConnecting(channel);
      });
    } else if (state != ConnectivityState.SHUTDOWN) {
      channel.notifyWhenStateChanged(state, () -> keepConnecting(channel));
    }
  }

  /** Runs something 0.2 to 1 s after a failure, chosen at random, or as long as the sidecar asks for. */
  static void later(Throwable failure, Runnable work) {
    later(Failures.askedMs(failure), work);
  }

  private static void later(long askedMs, Runnable work) {
    long delayMs = Math.max(askedMs, ThreadLocalRandom.current().nextLong(MIN_DELAY_MS, MAX_DELAY_MS + 1));
    // In the JDK's timer thread: what is done there does not block.
    CompletableFuture.delayedExecutor(delayMs, TimeUnit.MILLISECONDS, Runnable::run).execute(work);
  }

  /** Shows the token in a file, which is read for each attempt of a call; nothing without a file. */
  static ClientInterceptor token(Path file) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return next.newCall(method, file == null ? options : options.withCallCredentials(credentials(file)));
      }
    };
  }

  private static CallCredentials credentials(Path file) {
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
        executor.execute(() -> {
          try {
            var headers = new Metadata();
            headers.put(AUTHORIZATION, "Bearer " + readToken(file));
            applier.apply(headers);
          } catch (IOException missing) {
            applier.fail(Status.UNAUTHENTICATED.withDescription(missing.toString()).withCause(missing));
          }
        });
      }
    };
  }

  /** The first line that is no comment. gRPC would log one that no header can have. */
  private static String readToken(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1).lines().map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .findFirst().filter(line -> line.matches("[ -~]+"))
        .orElseThrow(() -> new IOException("no token of printable ASCII in " + file));
  }
}
