package io.github.learningsidecar;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicReference;

/** Logs a fault once: again only if it ended meanwhile, or another one came. */
final class FaultLog {
  static final Logger LOGGER = System.getLogger("io.github.learningsidecar");

  private final AtomicReference<String> kind = new AtomicReference<>();

  /** Logs a fault, with the failure and its cause where there is one. */
  void log(String newKind, String what, Throwable failure) {
    if (newKind.equals(kind.getAndSet(newKind))) return;
    var cause = failure == null ? null : failure.getCause();
    LOGGER.log(Level.WARNING, what + (failure == null ? "" : ": " + failure) + (cause == null ? "" : ": " + cause));
  }

  /** Logs what does not pass by itself. An outage is what the stream logs. */
  void logRefusal(String what, Throwable failure) {
    if (!Failures.isOutage(failure)) log(what + Failures.kindOf(failure), what, failure);
  }

  void end() {
    kind.set(null);
  }
}
