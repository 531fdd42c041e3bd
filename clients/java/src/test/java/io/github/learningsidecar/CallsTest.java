package io.github.learningsidecar;

import static io.github.learningsidecar.FakeSidecar.next;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Value;
import io.github.learningsidecar.v1.Arm;
import io.github.learningsidecar.v1.CoordinationMetrics;
import io.github.learningsidecar.v1.LearningServiceGrpc;
import io.github.learningsidecar.v1.RecordTaskResponse;
import io.github.learningsidecar.v1.ResolveParametersRequest;
import io.github.learningsidecar.v1.ResolveParametersResponse;
import io.github.learningsidecar.v1.Task;
import io.grpc.Context;
import io.grpc.Status;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CallsTest {
  private static final Task ONE = Task.newBuilder().setTaskId("one").build();

  private final Logged logged = new Logged();
  private FakeSidecar server;
  private LearningSidecar client;

  @BeforeEach
  void open() throws Exception {
    server = new FakeSidecar(0);
    client = new LearningSidecar(options());
  }

  @AfterEach
  void close() throws Exception {
    client.close(Duration.ZERO);
    server.close();
    logged.close();
  }

  private Options options() {
    return new Options(server.target(), "me").defaults(Map.of("level", 1)).maxPending(2);
  }

  private Outcome record(Task task) throws Exception {
    return client.record(task).get(20, TimeUnit.SECONDS);
  }

  @Test
  void aTaskHasAnIdATimeAndAClient() throws Exception {
    assertEquals(Outcome.Kind.RECORDED, record(Task.getDefaultInstance()).kind());
    var sent = next(server.tasks);
    assertEquals("me", sent.getClientId());
    assertTrue(sent.getTask().getTaskId().length() > 10);
    assertTrue(sent.getTask().getFinishTime().getSeconds() > 1_700_000_000);
    server.recorder = request -> RecordTaskResponse.newBuilder().setDuplicate(true).build();
    assertEquals(Outcome.Kind.DUPLICATE, record(ONE).kind());
    // There is room for two, and for more once these are settled.
    assertEquals(Outcome.Kind.DUPLICATE, record(ONE).kind());
  }

  @Test
  void aTaskIsSentWithItsIdUntilItIsDurable() throws Exception {
    var left = new AtomicInteger(7);
    server.recorder = request -> {
      int before = left.getAndDecrement();
      // More than gRPC repeats; then what a broken connection looks like.
      if (before > 1) throw FakeSidecar.overloaded();
      if (before == 1) throw Status.INTERNAL.asRuntimeException();
      return RecordTaskResponse.getDefaultInstance();
    };
    assertEquals(Outcome.Kind.RECORDED, record(Task.getDefaultInstance()).kind());
    assertEquals(8, server.tasks.size());
    assertEquals(1, server.tasks.stream().map(request -> request.getTask().getTaskId()).distinct().count());
  }

  @Test
  void aTaskWaitsForASidecarThatIsAway() throws Exception {
    int port = server.port();
    record(ONE);
    server.close();
    var waiting = client.record(ONE);
    server = new FakeSidecar(port);
    assertEquals(Outcome.Kind.RECORDED, waiting.get(20, TimeUnit.SECONDS).kind());
  }

  /** By gRPC's own delays, the sixth attempt would come 16 s after the first. */
  @Test
  void itConnectsAnewWithinASecond() throws Exception {
    try (var listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        var other = new LearningSidecar(new Options("127.0.0.1:" + listener.getLocalPort(), "me"))) {
      other.record(ONE);
      assertTimeout(Duration.ofSeconds(10), () -> {
        for (int attempt = 0; attempt < 6; attempt++) listener.accept().close();
      });
      other.close(Duration.ZERO);
    }
  }

  @Test
  void aTaskThatIsInvalidIsRefused() throws Exception {
    server.recorder = request -> {
      throw Status.INVALID_ARGUMENT.withDescription("latency").asRuntimeException();
    };
    var refused = record(ONE);
    assertEquals(Outcome.Kind.REFUSED, refused.kind());
    assertEquals(Status.Code.INVALID_ARGUMENT, Status.fromThrowable(refused.failure()).getCode());
    assertEquals(1, server.tasks.size());
    assertEquals(Outcome.Kind.REFUSED, record(null).kind());
    assertEquals(0, client.dropped());
  }

  @Test
  void theNewestTasksAreDroppedWhereTooManyAreOnTheirWay() throws Exception {
    server.recorder = request -> null;
    client.record(ONE);
    client.record(ONE);
    assertEquals(Outcome.Kind.DROPPED, client.record(ONE).getNow(null).kind());
    assertEquals(Outcome.Kind.DROPPED, client.record(ONE).getNow(null).kind());
    assertEquals(2, client.dropped());
    assertEquals(1, logged.lines.size());
  }

  @Test
  void theCloseWaitsForTasksAndDropsTheRest() throws Exception {
    server.recorder = request -> null;
    var waiting = client.record(ONE);
    next(server.tasks);
    client.close(Duration.ofMillis(10));
    assertEquals(Outcome.Kind.DROPPED, waiting.getNow(null).kind());
    assertEquals(Outcome.Kind.DROPPED, client.record(ONE).getNow(null).kind());
    assertEquals(2, client.dropped());

    server.recorder = request -> RecordTaskResponse.getDefaultInstance();
    try (var other = new LearningSidecar(options())) {
      var recorded = other.record(ONE);
      other.close();
      assertEquals(Outcome.Kind.RECORDED, recorded.getNow(null).kind());
    }
  }

  @Test
  void aTaskOutlivesTheCallInWhichItIsRecorded() throws Exception {
    var context = Context.current().withCancellation();
    var isCancelled = new CompletableFuture<Boolean>();
    server.recorder = request -> {
      isCancelled.join();
      return RecordTaskResponse.getDefaultInstance();
    };
    var recorded = context.call(() -> client.record(ONE));
    next(server.tasks);
    isCancelled.complete(context.cancel(new CancellationException()));
    assertEquals(Outcome.Kind.RECORDED, recorded.get(20, TimeUnit.SECONDS).kind());
    assertTrue(server.tasks.isEmpty(), "it was sent again");
  }

  @Test
  void resolveAnswersTheLastValuesWhereTheSidecarDoesNot() {
    var level = Value.newBuilder().setNumberValue(3).build();
    server.resolved = ResolveParametersResponse.newBuilder()
        .putParameters("level", level).setDeltaSequence(8).setArm(Arm.ARM_NEW).build();
    var resolved = client.resolve("one", Map.of("kind", "draft"));
    // The first ones may take more than 500 ms, with the connection.
    while (resolved.isFallback()) resolved = client.resolve("one", Map.of("kind", "draft"));
    assertEquals(new Resolved(Parameters.of(Map.of("level", 3)), 8, Arm.ARM_NEW, false), resolved);
    server.resolved = null;
    long start = System.nanoTime();
    var fallback = new Resolved(Parameters.of(Map.of("level", 1)), 0, Arm.ARM_UNSPECIFIED, true);
    assertEquals(fallback, client.resolve("one", Map.of()));
    long tookMs = (System.nanoTime() - start) / 1_000_000;
    assertTrue(tookMs >= 450 && tookMs < 5000, tookMs + " ms");
    assertEquals(fallback, client.resolve(null, null));
  }

  @Test
  void metricsAreReportedOnceAsTheClients() throws Exception {
    var metrics = CoordinationMetrics.newBuilder().setSubAgentCount(3);
    // The first ones may take more than 500 ms, with the connection.
    while (!client.reportMetrics(metrics.build())) server.metrics.clear();
    assertEquals("me", next(server.metrics).getMetrics().getClientId());
    server.metrics.clear();
    client.reportMetrics(metrics.setClientId("another").build());
    assertEquals("another", next(server.metrics).getMetrics().getClientId());
    server.close();
    assertFalse(client.reportMetrics(CoordinationMetrics.getDefaultInstance()));
  }

  @Test
  void theTokenIsReadForEachCallAndShownByStubsToo(@TempDir Path folder) throws Exception {
    var file = folder.resolve("token");
    var withToken = options().tokenFile(file);
    assertThrows(UncheckedIOException.class, () -> new LearningSidecar(withToken));
    Files.writeString(file, "# of clients\n\nfirst\n");
    client.close();
    client = new LearningSidecar(withToken);
    record(ONE);
    assertEquals("Bearer first", server.tokens.get("RecordTask"));
    Files.writeString(file, "second\n");
    LearningServiceGrpc.newBlockingStub(client.channel())
        .resolveParameters(ResolveParametersRequest.getDefaultInstance());
    assertEquals("Bearer second", server.tokens.get("ResolveParameters"));
    Files.delete(file);
    var waiting = client.record(ONE);
    assertTrue(client.resolve("one", Map.of()).isFallback());
    Files.writeString(file, "third\n");
    assertEquals(Outcome.Kind.RECORDED, waiting.get(20, TimeUnit.SECONDS).kind());
    assertEquals("Bearer third", server.tokens.get("RecordTask"));
  }

  @Test
  void aClientIdThatIsTooLongIsAFaultOfTheProgram() {
    assertThrows(IllegalArgumentException.class, () -> new Options("127.0.0.1:1", "ä".repeat(129)));
  }
}
