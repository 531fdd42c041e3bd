package io.github.learningsidecar;

import com.google.common.util.concurrent.*;
import io.github.learningsidecar.v1.*;
import io.grpc.*;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.function.*;

/**
 * An orchestrator's client of its sidecar: keeps the live parameters, resolves those of a task, and records
 * finished tasks until they are durable. Thread-safe. Nothing that the sidecar or the network does is thrown.
 */
public final class LearningSidecar implements AutoCloseable {
  private static final long ANSWER_MS = 500, ACKNOWLEDGE_MS = 5000;
  /** How long gRPC keeps one call for a sidecar that is away. */
  private static final long WAIT_MS = 600_000;

  private final Options options;
  private final ManagedChannel connection;
  private final Channel channel;
  private final LearningServiceGrpc.LearningServiceFutureStub service;
  private final Semaphore room;
  private final Set<CompletableFuture<Outcome>> pending = ConcurrentHashMap.newKeySet();
  private final AtomicLong dropped = new AtomicLong();
  private final AtomicBoolean isFollowing = new AtomicBoolean();
  private final FaultLog streamFaults = new FaultLog(), callFaults = new FaultLog(), drops = new FaultLog();
  /** The live values, as resolve answers them where the sidecar does not. */
  private volatile Resolved live;
  private volatile boolean isClosed;

  /** Connects when first used. Throws UncheckedIOException where the token file holds no token. */
  public LearningSidecar(Options options) {
    this.options = options;
    live = Resolved.fallback(options.defaults, 0);
    room = new Semaphore(options.maxPending);
    connection = Connection.open(options);
    channel = ClientInterceptors.intercept(connection, Connection.token(options.tokenFile));
    service = LearningServiceGrpc.newFutureStub(channel);
  }

  /** For stubs of any service of the sidecar; their calls carry the token. */
  public Channel channel() {
    return channel;
  }

  /** The values live here: the sidecar's, less those that were refused; the defaults until it answers. */
  public Parameters parameters() {
    return live.parameters();
  }

  /** Of the stream's newest message; 0 before the first. */
  public long sequence() {
    return live.deltaSequence();
  }

  /** Tasks for which there was no room, and those that were not durable at the close. */
  public long dropped() {
    return dropped.get();
  }

  /** The values for a task to run with; the last ones known where the sidecar does not answer within 500 ms. */
  public Resolved resolve(String taskId, Map<String, String> labels) {
    try {
      return Resolved.of(blocking().resolveParameters(Requests.resolve(taskId, labels, options.clientId)));
    } catch (RuntimeException failure) {
      callFaults.logRefusal("the sidecar does not resolve", failure);
      return live;
    }
  }

  /** Reports metrics, as this client's unless they name one. Tried once: whether they arrived within 500 ms. */
  public boolean reportMetrics(CoordinationMetrics metrics) {
    try {
      blocking().reportMetrics(Requests.reportMetrics(metrics, options.clientId));
      return true;
    } catch (RuntimeException failure) {
      callFaults.logRefusal("the sidecar does not take metrics", failure);
      return false;
    }
  }

  private LearningServiceGrpc.LearningServiceBlockingStub blocking() {
    return LearningServiceGrpc.newBlockingStub(channel).withDeadlineAfter(ANSWER_MS, TimeUnit.MILLISECONDS);
  }

  /** Sends a task until it is durable or refused. Never blocks or throws: beyond maxPending, it is dropped. */
  public CompletableFuture<Outcome> record(Task task) {
    if (isClosed || !room.tryAcquire()) {
      if (!isClosed) drops.log("full", "a task is dropped: " + options.maxPending + " are on their way", null);
      dropped.incrementAndGet();
      return CompletableFuture.completedFuture(Outcome.DROPPED);
    }
    drops.end();
    var done = new CompletableFuture<Outcome>();
    pending.add(done);
    done.whenComplete((outcome, cancelled) -> {
      if (outcome == Outcome.DROPPED) dropped.incrementAndGet();
      pending.remove(done);
      room.release();
    });
    try {
      var request = Requests.recordTask(task, options.clientId);
      // In the root context, since the task outlives a call in which it is recorded.
      Context.ROOT.run(() -> untilAnswered(
          () -> service.withDeadlineAfter(WAIT_MS, TimeUnit.MILLISECONDS).recordTask(request),
          answer -> done.complete(answer.getDuplicate() ? Outcome.DUPLICATE : Outcome.RECORDED),
          failure -> done.complete(isClosed ? Outcome.DROPPED : Outcome.refused(failure))));
    } catch (RuntimeException invalid) {
      done.complete(Outcome.refused(invalid));
    }
    return done;
  }

  /** Goes on where gRPC's own retries end, until the sidecar answers or refuses for good, or the close. */
  private <T> void untilAnswered(Supplier<ListenableFuture<T>> call, Consumer<T> answered, Consumer<Throwable> ended) {
    Futures.addCallback(call.get(), new FutureCallback<T>() {
      @Override
      public void onSuccess(T answer) {
        callFaults.end();
        answered.accept(answer);
      }

      @Override
      public void onFailure(Throwable failure) {
        callFaults.logRefusal("the sidecar refuses", failure);
        if (isClosed || !Failures.mayPass(failure)) ended.accept(failure);
        else Connection.later(failure, () -> untilAnswered(call, answered, ended));
      }
    }, MoreExecutors.directExecutor());
  }

  /** Follows the sidecar's values until the close. */
  public void follow() {
    if (isFollowing.compareAndSet(false, true)) Context.ROOT.run(this::openStream);
  }

  /** Opens a stream without after_sequence: its first message is a snapshot, which replaces what was known. */
  private void openStream() {
    var request = StreamDeltasRequest.newBuilder().setClientId(options.clientId).build();
    LearningServiceGrpc.newStub(channel).streamDeltas(request, new StreamObserver<>() {
      @Override
      public void onNext(StreamDeltasResponse message) {
        streamFaults.end();
        if (!isClosed) take(message);
      }

      @Override
      public void onError(Throwable failure) {
        if (isClosed) return;
        streamFaults.log(Failures.kindOf(failure), "no values from the sidecar, which is tried again", failure);
        Connection.later(failure, LearningSidecar.this::openStream);
      }

      @Override
      public void onCompleted() {
        onError(Status.UNAVAILABLE.withDescription("the stream ended").asRuntimeException());
      }
    });
  }

  /** Tells the orchestrator of a message, and the sidecar what became of the deltas in it. */
  private void take(StreamDeltasResponse message) {
    var before = live.parameters();
    var change = Change.of(message, before);
    var refusal = change.isEmpty() ? null : DeltaRefusal.of(options.onChange, change);
    var refused = refusal == null ? Set.<String>of() : refusal.parametersOf(change);
    live = Resolved.fallback(change.parameters().replacing(refused, before), message.getSequence());
    change.deltaIds().forEach((name, deltaId) -> answer(Requests.ackDelta(
        options.clientId, message.getEpoch(), deltaId, refused.contains(name) ? refusal : null)));
  }

  /** Sends an acknowledgement once, since the next one covers it, and a refusal until it is answered. */
  private void answer(AckDeltaRequest request) {
    if (!request.hasError()) service.withDeadlineAfter(ACKNOWLEDGE_MS, TimeUnit.MILLISECONDS).ackDelta(request);
    else untilAnswered(() -> service.withWaitForReady().withDeadlineAfter(WAIT_MS, TimeUnit.MILLISECONDS)
        .ackDelta(request), answer -> {}, failure -> {});
  }

  /** Waits up to 5 s for tasks on their way, and ends everything. */
  @Override
  public void close() {
    close(Duration.ofSeconds(5));
  }

  /** Waits that long at most. */
  public void close(Duration timeout) {
    try {
      if (!isClosed) room.tryAcquire(options.maxPending, timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    isClosed = true;
    pending.forEach(done -> done.complete(Outcome.DROPPED));
    connection.shutdownNow();
  }
}
