package io.github.learningsidecar;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;

/** Reads what the sidecar says of a failed call beside its code and message. */
public final class Failures {
  /** Milliseconds that a client waits at most because it was asked to. */
  private static final long MAX_ASKED_MS = 60_000;

  private Failures() {}

  /** The stable reason that the sidecar gave; empty where it did not answer. */
  public static String reasonOf(Throwable failure) {
    return detailOf(failure, ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
  }

  /** A detail of this type, such as BadRequest. */
  public static <T extends Message> Optional<T> detailOf(Throwable failure, Class<T> type) {
    try {
      for (Any any : StatusProto.fromThrowable(failure).getDetailsList()) {
        if (any.is(type)) return Optional.of(any.unpack(type));
      }
    } catch (InvalidProtocolBufferException | RuntimeException unreadable) {
      // As if there were none: no gRPC failure, no details, or those of another code.
    }
    return Optional.empty();
  }

  /** Whether a failure passes by itself. What gRPC says of a broken connection has no reason. */
  static boolean isOutage(Throwable failure) {
    return switch (Status.fromThrowable(failure).getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED -> true;
      case INTERNAL, UNKNOWN, CANCELLED -> reasonOf(failure).isEmpty();
      default -> false;
    };
  }

  /** Whether trying again may help: a token may be exchanged. */
  static boolean mayPass(Throwable failure) {
    return isOutage(failure) || Status.fromThrowable(failure).getCode() == Status.Code.UNAUTHENTICATED;
  }

  /** The same for failures of one outage. */
  static String kindOf(Throwable failure) {
    return isOutage(failure) ? "outage" : Status.fromThrowable(failure).getCode() + " " + reasonOf(failure);
  }

  /** How long the sidecar asks to wait, in milliseconds. */
  static long askedMs(Throwable failure) {
    return detailOf(failure, RetryInfo.class).map(RetryInfo::getRetryDelay)
        // The seconds are bounded first: they may be more than a long has milliseconds.
        .map(delay -> Math.min(delay.getSeconds(), MAX_ASKED_MS) * 1000 + delay.getNanos() / 1_000_000)
        .map(asked -> Math.min(asked, MAX_ASKED_MS)).orElse(0L);
  }
}
