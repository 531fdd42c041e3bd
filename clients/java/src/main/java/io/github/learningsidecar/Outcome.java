package io.github.learningsidecar;

/**
 * What became of a recorded task.
 *
 * @param failure why it was refused; null unless it was. Failures reads the reason and the details in it.
 */
public record Outcome(Kind kind, Throwable failure) {
  /** The kinds of outcome. */
  public enum Kind {
    /** It is durable. */
    RECORDED,
    /** A task with this id was durable before. */
    DUPLICATE,
    /** The sidecar will never take it, or it cannot be sent. */
    REFUSED,
    /** Too many tasks were on their way, or the client was closed. */
    DROPPED
  }

  static final Outcome RECORDED = new Outcome(Kind.RECORDED, null);
  static final Outcome DUPLICATE = new Outcome(Kind.DUPLICATE, null);
  static final Outcome DROPPED = new Outcome(Kind.DROPPED, null);

  static Outcome refused(Throwable failure) {
    return new Outcome(Kind.REFUSED, failure);
  }
}
