package io.github.learningsidecar;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Thrown by onChange: these parameters keep their former values here, and the sidecar is told why. */
public final class DeltaRefusal extends RuntimeException {
  private final String reason;
  private final transient Set<String> parameters;

  /**
   * Refuses a change, or a part of it.
   *
   * @param reason a short constant, such as UNSUPPORTED_VALUE
   * @param message in words
   * @param parameters the names of those refused; none: all that changed
   */
  public DeltaRefusal(String reason, String message, String... parameters) {
    super(message);
    this.reason = reason;
    this.parameters = Set.copyOf(List.of(parameters));
  }

  String reason() {
    return reason;
  }

  /** The names of the parameters refused. */
  Set<String> parametersOf(Change change) {
    return parameters.isEmpty() ? change.affected() : parameters;
  }

  /** Why the orchestrator refuses a change, whatever it throws; null if it takes it. */
  static DeltaRefusal of(Consumer<Change> onChange, Change change) {
    try {
      onChange.accept(change);
      return null;
    } catch (DeltaRefusal refusal) {
      return refusal;
    } catch (Throwable fault) {
      // Errors too, and checked exceptions, which other languages of the JVM throw undeclared.
      FaultLog.LOGGER.log(Level.WARNING, "onChange failed, which refuses the change", fault);
      return new DeltaRefusal("NOT_PUT_IN_FORCE", String.valueOf(fault.getMessage()));
    }
  }
}
