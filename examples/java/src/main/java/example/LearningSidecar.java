package example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import learning.v1.*;

/**
 * An orchestrator's sidecar. Follows the deltas over restarts and outages, keeps the last settings
 * while the sidecar is away, and records tasks until they are durable. Use try-with-resources: most
 * tasks recorded just before the program ends are lost without close. Copy this file into your
 * project, with the code generated from proto/.
 */
public final class LearningSidecar implements AutoCloseable {
  /** How to reach the sidecar, and what to do with its settings. */
  public static final class Options {
    /** host:port or unix:/path. */
    public String target = "127.0.0.1:50051";
    /** Names this orchestrator, and stays the same over restarts. */
    public String clientId = "";
    /** The settings until the sidecar has answered for the first time. */
    public Map<String, Value> defaults = Map.of();
    /** Puts settings in force. Whatever it throws, the delta is refused, and reverted if it is not proven. */
    public Consumer<Change> onChange = change -> {};
    /** The sidecar is away; it is looked for until it is there. */
    public Consumer<StatusRuntimeException> onDisconnected = failure -> {};
    /** What did not work and is not tried again, or not without a token that holds: for a log. */
    public Consumer<Throwable> onProblem =
        problem -> System.err.println("learning sidecar: " + problem);
    /** Files (PEM): TLS with this CA, and the certificate to show. */
    public String tlsCa, tlsCertificate, tlsKey;
    /** What the sidecar's certificate is for, if not the host of target. */
    public String tlsServerName;
    /** A file with the token to show; read again for each call. */
    public String tokenFile;
    /** Tasks that may wait for a sidecar that is away; beyond, the oldest are dropped. */
    public int queueLimit = 10_000;
  }

  /** Settings to be put in force, all of them; source is defaults, snapshot or delta. */
  public record Change(String source, SnapshotOutcome outcome, String epoch, long sequence,
      Delta delta, Map<String, Value> parameters) {}

  /** Settings for one task; isFallback: the sidecar did not answer in time, these were the last. */
  public record Resolved(Map<String, Value> parameters, long deltaSequence, Arm arm,
      boolean isFallback) {}

  /** Thrown by onChange, says why a delta is refused. Whatever else it throws refuses as well. */
  public static final class DeltaRefusal extends RuntimeException {
    final String reason;

    public DeltaRefusal(String reason, String message) {
      super(message);
      this.reason = reason;
    }
  }

  private static final class Gap extends RuntimeException {
    Gap(String message) {
      super("not in order: " + message);
    }
  }

  private record InForce(Map<String, Value> parameters, String epoch, long sequence) {}

  private record Pending(RecordTaskRequest request, CompletableFuture<RecordTaskResponse> done) {}

  private static final long FIRST_DELAY_MS = 200, MAX_DELAY_MS = 1000, MAX_ASKED_MS = 60_000;
  private static final long DEADLINE_MS = 5000, CLOSE_TIMEOUT_MS = 5000, CANCEL_TIMEOUT_MS = 500;
  /** Of the calls that the orchestrator itself waits for. */
  private static final long SHORT_DEADLINE_MS = 500;
  private static final int RECORD_WORKERS = 16, MAX_WAITING_ACKS = 256;
  /** As many as the sidecar takes. */
  private static final int MAX_CLIENT_ID_BYTES = 256;
  private static final int MAX_PORT = 65_535;
  /** A character takes up to 4 bytes; there is room for 256 and 1024. */
  private static final int REASON_LENGTH = 64, MESSAGE_LENGTH = 256;
  /** Bytes of a stream read ahead: a client that stops reading is noticed, not buffered for. */
  private static final int WINDOW_BYTES = 64 * 1024;

  private final Options options;
  private final ManagedChannel channel;
  private final LearningServiceGrpc.LearningServiceBlockingStub service;
  private final Context.CancellableContext context = Context.ROOT.withCancellation();
  private final ExecutorService threads = Executors.newCachedThreadPool(LearningSidecar::daemon);
  /** Where too many wait to be heard, the stream waits too. */
  private final ThreadPoolExecutor acks = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS,
      new ArrayBlockingQueue<>(MAX_WAITING_ACKS), LearningSidecar::daemon,
      new ThreadPoolExecutor.CallerRunsPolicy());
  private final LinkedBlockingDeque<Pending> queue = new LinkedBlockingDeque<>();
  private final AtomicInteger unrecorded = new AtomicInteger();
  private final AtomicLong dropped = new AtomicLong();
  private final AtomicBoolean isFollowing = new AtomicBoolean();
  /** Tasks were dropped for want of room, which was told, and some still wait. */
  private final AtomicBoolean isOverfull = new AtomicBoolean();
  private volatile InForce inForce;
  private volatile boolean isClosed;
  /** Whether the sidecar has told where its ledger stands, so that it can be gone on from. */
  private boolean hasPlace;
  /** Why the stream is refused, as it was told, until there is a message again. */
  private String told;

  /** Throws IllegalArgumentException, or IOException, for what would be refused for ever. */
  public LearningSidecar(Options options) throws IOException {
    check(options);
    this.options = options;
    inForce = new InForce(Map.copyOf(options.defaults), "", 0);
    // Before the channel, which nobody would close where there is no token.
    var token = options.tokenFile == null ? null : token(readToken(options.tokenFile));
    channel = openChannel();
    service = LearningServiceGrpc.newBlockingStub(channel).withCallCredentials(token);
    for (int i = 0; i < RECORD_WORKERS; i++) threads.execute(context.wrap(this::recordTasks));
  }

  /** Every call of the contract, as it is. For the admin service: make a stub on channel(). */
  public LearningServiceGrpc.LearningServiceBlockingStub service() {
    return service;
  }

  public ManagedChannel channel() {
    return channel;
  }

  /** The settings in force. */
  public Map<String, Value> parameters() {
    return inForce.parameters;
  }

  /** Tasks that found no room while the sidecar was away, or were not durable at the close. */
  public long dropped() {
    return dropped.get();
  }

  /** Puts the defaults in force, then whatever the sidecar says, until close. */
  public void follow() {
    if (isFollowing.compareAndSet(false, true)) threads.execute(context.wrap(this::followDeltas));
  }

  /** The settings to run a task with, or the last ones where the sidecar does not answer in time. */
  public Resolved resolve(String taskId, Map<String, String> labels) {
    var request = ResolveParametersRequest.newBuilder().setTaskId(taskId).putAllLabels(labels)
        .setClientId(options.clientId);
    try {
      var answer = within(SHORT_DEADLINE_MS).resolveParameters(request.build());
      return new Resolved(
          answer.getParametersMap(), answer.getDeltaSequence(), answer.getArm(), false);
    } catch (StatusRuntimeException failure) {
      if (!mayPass(failure)) tell(options.onProblem, failure);
      var last = inForce;
      return new Resolved(last.parameters, last.sequence, Arm.ARM_UNSPECIFIED, true);
    }
  }

  /** Sends a task until it is durable. Never blocks; nobody has to wait for the answer. */
  public CompletableFuture<RecordTaskResponse> record(Task task) {
    var report = task.toBuilder();
    // Sent more than once it is counted once; recorded late it still finished now.
    if (task.getTaskId().isEmpty()) report.setTaskId(UUID.randomUUID().toString());
    if (task.getClientId().isEmpty()) report.setClientId(options.clientId);
    var now = Instant.now();
    if (!task.hasFinishTime()) {
      report.setFinishTime(
          Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()));
    }
    var done = new CompletableFuture<RecordTaskResponse>();
    unrecorded.incrementAndGet();
    queue.addLast(new Pending(RecordTaskRequest.newBuilder().setTask(report).build(), done));
    while (queue.size() > options.queueLimit) drop(queue.pollFirst());
    // Looked at after it is in the queue: what close does not find there is found here.
    if (isClosed) dropAll();
    return done;
  }

  /**
   * Reports metrics, if the sidecar takes them within 500 ms. A report that is lost is made up for
   * by the next: it is not tried again. They are this client's, unless they name another.
   */
  public void reportMetrics(CoordinationMetrics metrics) {
    var named = metrics.toBuilder();
    if (metrics.getClientId().isEmpty()) named.setClientId(options.clientId);
    try {
      within(SHORT_DEADLINE_MS)
          .reportMetrics(ReportMetricsRequest.newBuilder().setMetrics(named).build());
    } catch (StatusRuntimeException failure) {
      if (!mayPass(failure)) tell(options.onProblem, failure);
    }
  }

  /** Waits for tasks on their way, 5 s at most, and ends everything. */
  @Override
  public void close() {
    close(CLOSE_TIMEOUT_MS);
  }

  /** Waits so long at most. */
  public void close(long timeoutMs) {
    boolean isInterrupted = awaitRecorded(timeoutMs);
    isClosed = true;
    context.cancel(null);
    acks.shutdownNow();
    threads.shutdownNow();
    channel.shutdownNow();
    dropAll();
    // Those that were being sent are counted as dropped by their threads.
    isInterrupted |= awaitRecorded(CANCEL_TIMEOUT_MS);
    if (isInterrupted) Thread.currentThread().interrupt();
  }

  /** Answers whether it was interrupted before. */
  private boolean awaitRecorded(long timeoutMs) {
    try {
      for (long end = System.nanoTime() + timeoutMs * 1_000_000;
          unrecorded.get() > 0 && System.nanoTime() < end; ) Thread.sleep(5);
      return false;
    } catch (InterruptedException interrupted) {
      return true;
    }
  }

  private void followDeltas() {
    apply(new Change("defaults", null, "", 0, null, inForce.parameters));
    long delayMs = FIRST_DELAY_MS;
    while (!isClosed) {
      var before = inForce;
      StatusRuntimeException failure = null;
      try {
        readStream();
      } catch (StatusRuntimeException thrown) {
        failure = thrown;
      } catch (Gap gap) {
        // Which must not be. What is in force now is said by a snapshot.
        hasPlace = false;
        tell(options.onProblem, gap);
      } catch (Throwable unforeseen) {
        // Following does not end by it: the stream goes on from what is in force.
        if (!isClosed) tell(options.onProblem, unforeseen);
      }
      if (isClosed) return;
      if (inForce != before) {
        delayMs = FIRST_DELAY_MS;
        told = null;
      }
      if (failure != null) lost(failure);
      if (!pause(delayMs, failure)) return;
      delayMs = Math.min(2 * delayMs, MAX_DELAY_MS);
    }
  }

  private void lost(StatusRuntimeException failure) {
    var refusal = refusalOfStream(failure);
    // The ledger is not as far as this client: a snapshot as well.
    boolean isAhead = failure.getStatus().getCode() == Status.Code.OUT_OF_RANGE;
    if (isAhead) hasPlace = false;
    boolean isNews = isAhead || !refusal.equals(told);
    if (isNews) tell(options.onDisconnected, failure);
    if (isNews && !refusal.isEmpty()) tell(options.onProblem, failure);
    told = refusal;
  }

  /** Reads one stream until it breaks. */
  private void readStream() {
    var request = StreamDeltasRequest.newBuilder().setClientId(options.clientId);
    if (hasPlace) request.setEpoch(inForce.epoch).setAfterSequence(inForce.sequence);
    var call = Context.current().withCancellation();
    try {
      // One message after the other: while onChange works, nothing is asked for.
      call.run(() -> service.streamDeltas(request.build()).forEachRemaining(this::take));
    } finally {
      call.cancel(null);
    }
  }

  private void take(StreamDeltasResponse message) {
    var last = inForce;
    var epoch = message.getEpoch();
    long sequence = message.getSequence();
    var parameters = last.parameters;
    if (message.hasSnapshot()) {
      var snapshot = message.getSnapshot();
      parameters = Map.copyOf(snapshot.getParametersMap());
      apply(new Change("snapshot", snapshot.getOutcome(), epoch, sequence, null, parameters));
    } else {
      if (!epoch.equals(last.epoch)) throw new Gap(last.epoch + ", then " + epoch);
      if (message.hasDelta() ? sequence <= last.sequence : sequence < last.sequence) return;
      if (message.hasDelta()) {
        if (sequence > last.sequence + 1) throw new Gap(last.sequence + ", then " + sequence);
        parameters = takeDelta(message, last.parameters);
      }
    }
    // Heartbeats count: they say how far the stream has read.
    inForce = new InForce(parameters, epoch, sequence);
    hasPlace = true;
  }

  /** The values after a delta. What became of it is told to the sidecar. */
  private Map<String, Value> takeDelta(StreamDeltasResponse message, Map<String, Value> last) {
    var delta = message.getDelta();
    var values = new HashMap<>(last);
    if (delta.hasNewValue()) values.put(delta.getTarget(), delta.getNewValue());
    else values.remove(delta.getTarget());
    var change = new Change("delta", null, message.getEpoch(), message.getSequence(), delta,
        Map.copyOf(values));
    var error = apply(change);
    var acknowledgement = AckDeltaRequest.newBuilder().setClientId(options.clientId)
        .setEpoch(message.getEpoch()).setDeltaId(delta.getDeltaId());
    if (error != null) acknowledgement.setError(error);
    acks.execute(context.wrap(() -> send(acknowledgement.build())));
    return error == null ? change.parameters : last;
  }

  /** Answers why not, where the orchestrator refuses a delta. */
  private AckError apply(Change change) {
    try {
      options.onChange.accept(change);
    } catch (Throwable thrown) {
      // Errors too, and checked exceptions, which other languages of the JVM throw undeclared.
      boolean isRefusable = change.delta != null && change.delta.getRevertsDeltaId().isEmpty();
      // There is nothing to go back to from a snapshot, or from what a revert restores.
      if (!isRefusable || !(thrown instanceof RuntimeException)) tell(options.onProblem, thrown);
      if (isRefusable) return AckError.newBuilder()
          .setReason(clip(thrown instanceof DeltaRefusal why && why.reason != null
              ? why.reason : "NOT_PUT_IN_FORCE", REASON_LENGTH))
          .setMessage(clip(String.valueOf(thrown.getMessage()), MESSAGE_LENGTH)).build();
    }
    return null;
  }

  private void send(AckDeltaRequest acknowledgement) {
    try {
      callWithRetry(() -> within(DEADLINE_MS).ackDelta(acknowledgement));
    } catch (Throwable failure) {
      // Another ledger has no use for it: what that one wants is said by its snapshot.
      boolean isOfNoUse = failure instanceof StatusRuntimeException answer
          && reasonOf(answer).equals("EPOCH_CHANGED");
      if (!isClosed && !isOfNoUse) tell(options.onProblem, failure);
    }
  }

  private void recordTasks() {
    while (!isClosed) {
      Pending next;
      try {
        next = queue.takeFirst();
      } catch (InterruptedException closed) {
        return;
      }
      try {
        var answer = callWithRetry(() -> within(DEADLINE_MS).recordTask(next.request));
        if (queue.isEmpty()) isOverfull.set(false);
        next.done.complete(answer);
      } catch (Throwable failure) {
        // Whatever it is: the next task is recorded.
        boolean isLeft = failure instanceof StatusRuntimeException answer && mayWait(answer);
        if (isClosed && isLeft) dropped.incrementAndGet();
        else tell(options.onProblem, failure);
        next.done.completeExceptionally(failure);
      } finally {
        unrecorded.decrementAndGet();
      }
    }
  }

  private void drop(Pending oldest) {
    if (oldest == null) return;
    dropped.incrementAndGet();
    unrecorded.decrementAndGet();
    var why = (isClosed ? Status.CANCELLED.withDescription("dropped: closed")
        : Status.RESOURCE_EXHAUSTED.withDescription("dropped: too many tasks wait"))
        .asRuntimeException();
    // Once an outage: the others are counted.
    if (!isClosed && isOverfull.compareAndSet(false, true)) tell(options.onProblem, why);
    oldest.done.completeExceptionally(why);
  }

  private void dropAll() {
    for (Pending left; (left = queue.pollFirst()) != null; ) drop(left);
  }

  private LearningServiceGrpc.LearningServiceBlockingStub within(long deadlineMs) {
    return service.withDeadlineAfter(deadlineMs, TimeUnit.MILLISECONDS);
  }

  /** Calls until the sidecar answers, or says that it never will. */
  private <T> T callWithRetry(Supplier<T> call) {
    boolean isTold = false;
    for (long delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
      try {
        return call.get();
      } catch (StatusRuntimeException failure) {
        if (isClosed || !mayWait(failure)) throw failure;
        // No outage, and not to be waited out unheard: told once for each call.
        if (!mayPass(failure) && !isTold) tell(options.onProblem, failure);
        isTold |= !mayPass(failure);
        if (!pause(delayMs, failure)) throw failure;
      }
    }
  }

  /** Whether trying again may help. What the library says of a broken connection has no reason. */
  private static boolean mayPass(StatusRuntimeException failure) {
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED -> true;
      case INTERNAL, UNKNOWN, CANCELLED, ABORTED -> reasonOf(failure).isEmpty();
      default -> false;
    };
  }

  /** What is queued waits for a token as well: its file is read again for each call. */
  private static boolean mayWait(StatusRuntimeException failure) {
    return mayPass(failure) || failure.getStatus().getCode() == Status.Code.UNAUTHENTICATED;
  }

  /** Why a stream is refused until somebody does something about it; empty: it is not. */
  private static String refusalOfStream(StatusRuntimeException failure) {
    var code = failure.getStatus().getCode();
    if (mayPass(failure) || code == Status.Code.OUT_OF_RANGE) return "";
    return code + " " + reasonOf(failure);
  }

  /** Waits for a random part of the delay, or as long as the sidecar asked for, 60 s at most. */
  private boolean pause(long delayMs, StatusRuntimeException failure) {
    long askedMs = failure == null ? 0 : detail(failure, RetryInfo.class)
        .map(RetryInfo::getRetryDelay)
        // The seconds first: they may be more than a long has milliseconds.
        .map(d -> Math.min(d.getSeconds(), MAX_ASKED_MS) * 1000 + d.getNanos() / 1_000_000)
        .map(askedFor -> Math.min(askedFor, MAX_ASKED_MS)).orElse(0L);
    try {
      Thread.sleep(Math.max(askedMs, ThreadLocalRandom.current().nextLong(delayMs + 1)));
    } catch (InterruptedException closed) {
      return false;
    }
    // The channel's own delays go up to two minutes.
    channel.resetConnectBackoff();
    return !isClosed;
  }

  /** The stable reason that the sidecar gave; empty: it did not answer. */
  public static String reasonOf(StatusRuntimeException failure) {
    return detail(failure, ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
  }

  /** What the sidecar said of an error, beside its code and message. */
  public static <T extends Message> Optional<T> detail(StatusRuntimeException failure,
      Class<T> type) {
    try {
      for (Any any : StatusProto.fromThrowable(failure).getDetailsList()) {
        if (any.is(type)) return Optional.of(any.unpack(type));
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException unreadable) {
      // As if there were none. The latter: no details at all, or those of another code.
    }
    return Optional.empty();
  }

  private ManagedChannel openChannel() throws IOException {
    boolean isUnix = options.target.startsWith("unix:");
    var builder =
        Grpc.newChannelBuilder(options.target, credentials()).keepAliveTime(30, TimeUnit.SECONDS);
    if (options.tlsServerName != null) builder.overrideAuthority(options.tlsServerName);
    // Its own choice, the socket's path, is none that HTTP/2 knows.
    else if (isUnix) builder.overrideAuthority("localhost");
    if (builder instanceof NettyChannelBuilder netty) {
      netty.flowControlWindow(WINDOW_BYTES);
      // Set by grpc, and warned of by netty at each attempt: unix sockets have no such option.
      if (isUnix) netty.withOption(ChannelOption.SO_KEEPALIVE, null);
    }
    return builder.build();
  }

  private ChannelCredentials credentials() throws IOException {
    if (Stream.of(options.tlsCa, options.tlsCertificate, options.tlsServerName)
        .allMatch(Objects::isNull)) return InsecureChannelCredentials.create();
    var tls = TlsChannelCredentials.newBuilder();
    if (options.tlsCa != null) tls.trustManager(new File(options.tlsCa));
    if (options.tlsCertificate != null) {
      tls.keyManager(new File(options.tlsCertificate), new File(options.tlsKey));
    }
    return tls.build();
  }

  private static void check(Options options) {
    for (Object needed : new Object[] {options.target, options.clientId, options.defaults,
        options.onChange, options.onDisconnected, options.onProblem}) {
      require(needed != null, "target, clientId, defaults, onChange, onDisconnected, onProblem: "
          + "expected something, found null");
    }
    require(isTarget(options.target),
        "target: expected host:port or unix:/path, found '" + options.target + "'");
    require(StandardCharsets.UTF_8.newEncoder().canEncode(options.clientId)
        && options.clientId.getBytes(StandardCharsets.UTF_8).length <= MAX_CLIENT_ID_BYTES,
        "clientId: expected Unicode characters, at most " + MAX_CLIENT_ID_BYTES + " bytes");
    require((options.tlsCertificate == null) == (options.tlsKey == null),
        "tlsCertificate, tlsKey: expected both together, found one of them");
    require(options.queueLimit > 0, "queueLimit: expected at least 1");
  }

  private static void require(boolean holds, String message) {
    if (!holds) throw new IllegalArgumentException(message);
  }

  /** As strict as the library, which says so at each attempt instead, or never. */
  private static boolean isTarget(String target) {
    if (target.startsWith("unix:")) return !target.matches("unix:/*");
    try {
      var address = URI.create("//" + target.replaceFirst("^dns:/*", ""));
      return address.getHost() != null && address.getPort() != 0 && address.getPort() <= MAX_PORT;
    } catch (IllegalArgumentException unreadable) {
      return false;
    }
  }

  /** The first line that is no comment. The library would log one that no header can have. */
  private static String readToken(String file) throws IOException {
    return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1).lines().map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .findFirst().filter(line -> line.matches("[ -~]+"))
        .orElseThrow(() -> new IOException("no token of printable ASCII in " + file));
  }

  private CallCredentials token(String first) {
    var name = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    return new CallCredentials() {
      private final AtomicBoolean isMissing = new AtomicBoolean();
      private volatile String last = first;

      @Override
      public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier to) {
        try {
          last = readToken(options.tokenFile);
          isMissing.set(false);
        } catch (IOException beingWritten) {
          // The sidecar says whether the last one still holds.
          if (isMissing.compareAndSet(false, true)) tell(options.onProblem, beingWritten);
        }
        var headers = new Metadata();
        headers.put(name, "Bearer " + last);
        to.apply(headers);
      }
    };
  }

  /** A log that fails stops nothing. */
  private static <T> void tell(Consumer<? super T> listener, T what) {
    try {
      listener.accept(what);
    } catch (Throwable itsOwn) {
      itsOwn.printStackTrace();
    }
  }

  private static String clip(String text, int length) {
    return text.length() <= length ? text : text.substring(0, length);
  }

  private static Thread daemon(Runnable work) {
    var thread = new Thread(work, "learning-sidecar");
    thread.setDaemon(true);
    return thread;
  }
}
