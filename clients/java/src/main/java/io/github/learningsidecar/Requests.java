package io.github.learningsidecar;

import com.google.protobuf.Timestamp;
import io.github.learningsidecar.v1.AckDeltaRequest;
import io.github.learningsidecar.v1.AckError;
import io.github.learningsidecar.v1.CoordinationMetrics;
import io.github.learningsidecar.v1.RecordTaskRequest;
import io.github.learningsidecar.v1.ReportMetricsRequest;
import io.github.learningsidecar.v1.ResolveParametersRequest;
import io.github.learningsidecar.v1.Task;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/** The requests of a client. */
final class Requests {
  /** Characters take up to 4 bytes, and the sidecar takes 256 and 1024 of these. */
  private static final int REASON_LENGTH = 64;
  private static final int MESSAGE_LENGTH = 256;

  private Requests() {}

  static ResolveParametersRequest resolve(String taskId, Map<String, String> labels, String clientId) {
    return ResolveParametersRequest.newBuilder().setTaskId(taskId).putAllLabels(labels).setClientId(clientId).build();
  }

  /** The metrics are the client's, unless they name another. */
  static ReportMetricsRequest reportMetrics(CoordinationMetrics metrics, String clientId) {
    var named = metrics.toBuilder();
    if (metrics.getClientId().isEmpty()) named.setClientId(clientId);
    return ReportMetricsRequest.newBuilder().setMetrics(named).build();
  }

  /** The task has an id, so that it is counted once if it is sent again, and the time when it finished. */
  static RecordTaskRequest recordTask(Task task, String clientId) {
    var sent = task.toBuilder();
    if (task.getTaskId().isEmpty()) sent.setTaskId(UUID.randomUUID().toString());
    if (!task.hasFinishTime()) {
      var now = Instant.now();
      sent.setFinishTime(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()));
    }
    return RecordTaskRequest.newBuilder().setTask(sent).setClientId(clientId).build();
  }

  /** An acknowledgement, or a refusal where there is one. */
  static AckDeltaRequest ackDelta(String clientId, String epoch, String deltaId, DeltaRefusal refusal) {
    var request = AckDeltaRequest.newBuilder().setClientId(clientId).setEpoch(epoch).setDeltaId(deltaId);
    if (refusal != null) {
      request.setError(AckError.newBuilder().setReason(clip(refusal.reason(), REASON_LENGTH))
          .setMessage(clip(refusal.getMessage(), MESSAGE_LENGTH)));
    }
    return request.build();
  }

  private static String clip(String text, int length) {
    var some = String.valueOf(text);
    return some.length() <= length ? some : some.substring(0, length);
  }
}
