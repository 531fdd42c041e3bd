package io.github.learningsidecar;

import io.github.learningsidecar.v1.AckDeltaRequest;
import io.github.learningsidecar.v1.AckDeltaResponse;
import io.github.learningsidecar.v1.LearningServiceGrpc;
import io.github.learningsidecar.v1.RecordTaskRequest;
import io.github.learningsidecar.v1.RecordTaskResponse;
import io.github.learningsidecar.v1.ReportMetricsRequest;
import io.github.learningsidecar.v1.ReportMetricsResponse;
import io.github.learningsidecar.v1.ResolveParametersRequest;
import io.github.learningsidecar.v1.ResolveParametersResponse;
import io.github.learningsidecar.v1.StreamDeltasRequest;
import io.github.learningsidecar.v1.StreamDeltasResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server that answers as a test says, and keeps what it is asked. */
final class FakeSidecar extends LearningServiceGrpc.LearningServiceImplBase implements AutoCloseable {
  private static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** An open stream of deltas. */
  record Stream(StreamDeltasRequest request, StreamObserver<StreamDeltasResponse> to) {}

  /** What is done with a task. */
  interface Recorder {
    RecordTaskResponse record(RecordTaskRequest request);
  }

  final BlockingQueue<Stream> streams = new LinkedBlockingQueue<>();
  final BlockingQueue<AckDeltaRequest> answers = new LinkedBlockingQueue<>();
  final BlockingQueue<RecordTaskRequest> tasks = new LinkedBlockingQueue<>();
  final BlockingQueue<ReportMetricsRequest> metrics = new LinkedBlockingQueue<>();
  /** The newest header of authorization, by method. */
  final Map<String, String> tokens = new ConcurrentHashMap<>();
  volatile Recorder recorder = request -> RecordTaskResponse.getDefaultInstance();
  /** Null: there is no answer. */
  volatile ResolveParametersResponse resolved = ResolveParametersResponse.getDefaultInstance();
  private final Server server;

  /** Listens at this port; 0: at any. */
  FakeSidecar(int port) throws IOException {
    server = Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create())
        .addService(this).intercept(new TokenReader()).build().start();
  }

  String target() {
    return "127.0.0.1:" + server.getPort();
  }

  int port() {
    return server.getPort();
  }

  /** What a sidecar that has too much to do answers, to be tried again at once. */
  static StatusRuntimeException overloaded() {
    var trailers = new Metadata();
    trailers.put(PUSHBACK, "1");
    return Status.UNAVAILABLE.withDescription("overloaded").asRuntimeException(trailers);
  }

  /** The next of what it was asked. */
  static <T> T next(BlockingQueue<T> asked) throws InterruptedException {
    var one = asked.poll(20, TimeUnit.SECONDS);
    if (one == null) throw new AssertionError("nothing was asked for 20 s");
    return one;
  }

  @Override
  public void recordTask(RecordTaskRequest request, StreamObserver<RecordTaskResponse> to) {
    tasks.add(request);
    try {
      var answer = recorder.record(request);
      if (answer != null) answer(answer, to);
    } catch (StatusRuntimeException refusal) {
      to.onError(refusal);
    }
  }

  @Override
  public void resolveParameters(ResolveParametersRequest request, StreamObserver<ResolveParametersResponse> to) {
    var answer = resolved;
    if (answer != null) answer(answer, to);
  }

  @Override
  public void reportMetrics(ReportMetricsRequest request, StreamObserver<ReportMetricsResponse> to) {
    metrics.add(request);
    answer(ReportMetricsResponse.getDefaultInstance(), to);
  }

  @Override
  public void streamDeltas(StreamDeltasRequest request, StreamObserver<StreamDeltasResponse> to) {
    streams.add(new Stream(request, to));
  }

  @Override
  public void ackDelta(AckDeltaRequest request, StreamObserver<AckDeltaResponse> to) {
    answers.add(request);
    answer(AckDeltaResponse.getDefaultInstance(), to);
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow().awaitTermination();
  }

  private static <T> void answer(T answer, StreamObserver<T> to) {
    to.onNext(answer);
    to.onCompleted();
  }

  private final class TokenReader implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      var token = headers.get(AUTHORIZATION);
      if (token != null) tokens.put(call.getMethodDescriptor().getBareMethodName(), token);
      return next.startCall(call, headers);
    }
  }
}
