package example;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.RuntimeVersion;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.github.learningsidecar.Change;
import io.github.learningsidecar.DeltaRefusal;
import io.github.learningsidecar.Failures;
import io.github.learningsidecar.LearningSidecar;
import io.github.learningsidecar.Options;
import io.github.learningsidecar.Outcome;
import io.github.learningsidecar.v1.LearningAdminServiceGrpc;
import io.github.learningsidecar.v1.LearningServiceGrpc;
import io.github.learningsidecar.v1.RecordTasksRequest;
import io.github.learningsidecar.v1.RecordTasksResponse;
import io.github.learningsidecar.v1.Task;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The agent that test/conformance drives: a command a line, an answer a line, events between. */
public final class Conformance {
  /** A command that cannot be carried out, or a call that failed. */
  private static final class AgentError extends Exception {
    final JsonObject answer;

    AgentError(JsonObject answer) {
      this.answer = answer;
    }
  }

  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final Gson JSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  /** Bytes as they are, for requests that no message would make. */
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        }
      };

  private static final Object PAUSE = new Object();
  private static boolean isPaused;
  /** Of the next change; the parameters that it is of, none for all. */
  private static DeltaRefusal refusal;
  private static List<String> refused;

  private final Flags flags;
  private final LearningSidecar sidecar;

  private Conformance(Flags flags) throws IOException {
    this.flags = flags;
    Map<String, ?> defaults = JSON.fromJson(flags.get("defaults", "{}"), Map.class);
    sidecar = new LearningSidecar(flags.options("java").defaults(defaults).onChange(Conformance::change));
  }

  public static void main(String[] args) throws Exception {
    var agent = new Conformance(new Flags(args));
    var threads = Executors.newCachedThreadPool();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null; ) {
      var command = JsonParser.parseString(line).getAsJsonObject();
      threads.execute(() -> agent.answer(command));
    }
    agent.sidecar.close(Duration.ZERO);
    System.exit(0);
  }

  /** Another client, from its beginning to its end. */
  private void reopen() throws Exception {
    var snapshot = new CountDownLatch(1);
    Options own = flags.options("java").onChange(change -> snapshot.countDown());
    try (var other = new LearningSidecar(own)) {
      other.follow();
      other.record(Task.getDefaultInstance()).get();
      snapshot.await();
    }
  }

  private void answer(JsonObject command) {
    var answer = new JsonObject();
    answer.add("id", command.get("id"));
    try {
      answer.add("ok", perform(command));
    } catch (AgentError error) {
      answer.add("error", error.answer);
    } catch (StatusRuntimeException failure) {
      answer.add("error", errorOf(failure));
    } catch (Exception | LinkageError error) {
      answer.add("error", unable(String.valueOf(error)).answer);
    }
    print(answer);
    // Its events come after the answer.
    if (command.get("do").getAsString().equals("follow")) sidecar.follow();
  }

  private JsonElement perform(JsonObject command) throws Exception {
    var ok = new JsonObject();
    switch (command.get("do").getAsString()) {
      case "versions" -> {
        ok.addProperty("language", "Java " + Runtime.version().feature());
        ok.addProperty("grpc", "grpc-java " + Grpc.class.getPackage().getImplementationVersion());
        ok.addProperty("protobuf", "protobuf-java " + RuntimeVersion.MAJOR + "."
            + RuntimeVersion.MINOR + "." + RuntimeVersion.PATCH);
      }
      case "call" -> {
        return call(command);
      }
      case "call_raw" -> {
        var bytes = HexFormat.of().parseHex(command.get("hex").getAsString());
        var answer = callRaw(command.get("method").getAsString().substring(1), bytes);
        ok.addProperty("hex", HexFormat.of().formatHex(answer));
      }
      case "record_stream" -> {
        return recordStream(command);
      }
      case "parameters" -> {
        return JSON.toJsonTree(sidecar.parameters().asMap());
      }
      case "resolve" -> {
        Map<String, String> labels = new HashMap<>();
        if (command.has("labels")) {
          command.getAsJsonObject("labels").asMap().forEach((name, value) ->
              labels.put(name, value.getAsString()));
        }
        var taskId = command.has("task_id") ? command.get("task_id").getAsString() : "";
        var resolved = sidecar.resolve(taskId, labels);
        ok.add("parameters", JSON.toJsonTree(resolved.parameters().asMap()));
        ok.addProperty("delta_sequence", resolved.deltaSequence());
        ok.addProperty("arm", resolved.arm().name());
        ok.addProperty("fallback", resolved.isFallback());
      }
      case "record" -> {
        var outcome = sidecar.record(read(Task.newBuilder(), command.get("task")).build()).get();
        if (outcome.kind() == Outcome.Kind.REFUSED) throw (Exception) outcome.failure();
        ok.addProperty("outcome", outcome.kind().name().toLowerCase(Locale.ROOT));
      }
      case "refuse_next" -> {
        synchronized (PAUSE) {
          refused = command.has("parameters") ? command.getAsJsonArray("parameters").asList().stream()
              .map(JsonElement::getAsString).toList() : List.of();
          refusal = new DeltaRefusal(command.get("reason").getAsString(), command.get("message").getAsString(),
              refused.toArray(String[]::new));
        }
      }
      case "pause_reading", "resume_reading" -> {
        synchronized (PAUSE) {
          isPaused = command.get("do").getAsString().equals("pause_reading");
          PAUSE.notifyAll();
        }
      }
      case "reopen" -> {
        for (int left = command.get("times").getAsInt(); left > 0; left--) reopen();
        System.gc();
        ok.addProperty("threads", ManagementFactory.getThreadMXBean().getThreadCount());
        ok.addProperty("files", new File("/proc/self/fd").list().length);
      }
      case "follow" -> {}
      default -> throw unable("no such command: " + command.get("do"));
    }
    return ok;
  }

  /** Any unary method of any service, by the generated stubs. */
  private JsonElement call(JsonObject command) throws Exception {
    long deadlineMs = command.has("deadline_ms") ? command.get("deadline_ms").getAsLong() : 5000;
    var service = command.get("service").getAsString();
    var name = command.get("method").getAsString();
    AbstractBlockingStub<?> stub = switch (service) {
      case "LearningService" -> LearningServiceGrpc.newBlockingStub(sidecar.channel());
      case "LearningAdminService" -> LearningAdminServiceGrpc.newBlockingStub(sidecar.channel());
      case "Health" -> HealthGrpc.newBlockingStub(sidecar.channel());
      default -> throw unable("no such service: " + service);
    };
    var timed = (AbstractBlockingStub<?>) stub.withDeadlineAfter(deadlineMs, TimeUnit.MILLISECONDS);
    var wanted = Character.toLowerCase(name.charAt(0)) + name.substring(1);
    var method = Arrays.stream(timed.getClass().getMethods())
        .filter(one -> one.getName().equals(wanted) && one.getParameterCount() == 1)
        .findFirst().orElseThrow(() -> unable("no such method: " + service + "." + name));
    var builder = (Message.Builder) method.getParameterTypes()[0].getMethod("newBuilder").invoke(null);
    var request = read(builder, command.has("request") ? command.get("request") : new JsonObject());
    try {
      return json((Message) method.invoke(timed, request.build()));
    } catch (InvocationTargetException failed) {
      throw (Exception) failed.getCause();
    }
  }

  private byte[] callRaw(String path, byte[] request) {
    var method = MethodDescriptor.newBuilder(BYTES, BYTES)
        .setType(MethodDescriptor.MethodType.UNARY).setFullMethodName(path).build();
    var options = CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS);
    return ClientCalls.blockingUnaryCall(sidecar.channel(), method, options, request);
  }

  private JsonElement recordStream(JsonObject command) throws Exception {
    var counts = new CompletableFuture<JsonObject>();
    var stub = LearningServiceGrpc.newStub(sidecar.channel());
    var room = new Semaphore(0);
    var requests = (ClientCallStreamObserver<RecordTasksRequest>) stub.recordTasks(
        new ClientResponseObserver<RecordTasksRequest, RecordTasksResponse>() {
      private RecordTasksResponse last = RecordTasksResponse.getDefaultInstance();

      @Override
      public void beforeStart(ClientCallStreamObserver<RecordTasksRequest> stream) {
        stream.setOnReadyHandler(room::release);
      }

      @Override
      public void onNext(RecordTasksResponse response) {
        last = response;
      }

      @Override
      public void onError(Throwable thrown) {
        var error = errorOf((StatusRuntimeException) thrown);
        error.add("counts", counts());
        counts.completeExceptionally(new AgentError(error));
        room.release();
      }

      @Override
      public void onCompleted() {
        counts.complete(counts());
        room.release();
      }

      private JsonObject counts() {
        var json = new JsonObject();
        json.addProperty("recordedCount", String.valueOf(last.getRecordedCount()));
        json.addProperty("duplicateCount", String.valueOf(last.getDuplicateCount()));
        return json;
      }
    });
    for (var tasks : command.getAsJsonArray("batches")) {
      var batch = new JsonObject();
      batch.add("tasks", tasks);
      // No more than the sidecar takes is held here.
      while (!requests.isReady() && !counts.isDone()) room.acquire();
      if (counts.isDone()) break;
      requests.onNext(read(RecordTasksRequest.newBuilder(), batch).build());
    }
    if (!counts.isDone()) requests.onCompleted();
    try {
      return counts.get();
    } catch (ExecutionException failed) {
      throw (Exception) failed.getCause();
    }
  }

  private static void change(Change change) {
    synchronized (PAUSE) {
      try {
        while (isPaused) PAUSE.wait();
      } catch (InterruptedException ended) {
        Thread.currentThread().interrupt();
      }
      var thrown = refusal;
      refusal = null;
      if (thrown == null) print(eventOf(change));
      else {
        if (!refused.isEmpty() && !refused.containsAll(change.changed().keySet())) print(eventOf(change));
        throw thrown;
      }
    }
  }

  private static JsonObject eventOf(Change change) {
    var event = new JsonObject();
    event.addProperty("event", "values");
    event.addProperty("source", change.source().name().toLowerCase(Locale.ROOT));
    event.addProperty("outcome", change.outcome() == null ? null : change.outcome().name());
    event.addProperty("epoch", change.epoch());
    event.addProperty("sequence", change.sequence());
    event.addProperty("delta_id", change.delta() == null ? null : change.delta().getDeltaId());
    event.add("changed", JSON.toJsonTree(change.changed()));
    event.add("parameters", JSON.toJsonTree(change.parameters().asMap()));
    return event;
  }

  private static JsonObject errorOf(StatusRuntimeException failure) {
    var error = new JsonObject();
    var violations = new JsonArray();
    Failures.detailOf(failure, BadRequest.class).ifPresent(bad -> {
      for (var violation : bad.getFieldViolationsList()) {
        var one = new JsonObject();
        one.addProperty("field", violation.getField());
        one.addProperty("description", violation.getDescription());
        violations.add(one);
      }
    });
    var retry = Failures.detailOf(failure, RetryInfo.class).map(RetryInfo::getRetryDelay);
    var trailers = failure.getTrailers();
    error.addProperty("code", failure.getStatus().getCode().name());
    error.addProperty("message", String.valueOf(failure.getStatus().getDescription()));
    error.addProperty("reason", Failures.reasonOf(failure));
    error.addProperty("domain", Failures.detailOf(failure, ErrorInfo.class)
        .map(ErrorInfo::getDomain).orElse(""));
    error.add("violations", violations);
    error.add("retry_delay_ms", retry.<JsonElement>map(delay ->
        new JsonPrimitive(delay.getSeconds() * 1000 + delay.getNanos() / 1_000_000))
        .orElse(JsonNull.INSTANCE));
    error.addProperty("pushback_ms", trailers == null ? null : trailers.get(PUSHBACK));
    return error;
  }

  private static AgentError unable(String message) {
    var error = new JsonObject();
    error.addProperty("code", "AGENT");
    error.addProperty("message", message);
    return new AgentError(error);
  }

  private static <B extends Message.Builder> B read(B into, JsonElement json) throws AgentError {
    try {
      JsonFormat.parser().merge(json.toString(), into);
      return into;
    } catch (InvalidProtocolBufferException error) {
      throw unable(error.getMessage());
    }
  }

  private static JsonElement json(MessageOrBuilder message) {
    try {
      return JsonParser.parseString(JsonFormat.printer().print(message));
    } catch (InvalidProtocolBufferException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static synchronized void print(JsonObject line) {
    System.out.println(JSON.toJson(line));
  }
}
