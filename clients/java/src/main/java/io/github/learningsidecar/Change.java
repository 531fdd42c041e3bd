package io.github.learningsidecar;

import io.github.learningsidecar.v1.Delta;
import io.github.learningsidecar.v1.SnapshotOutcome;
import io.github.learningsidecar.v1.StreamDeltasResponse;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A snapshot or a delta of the sidecar, which onChange puts in force or refuses.
 *
 * @param parameters all values after it
 * @param changed by name, the delta that set the value, for each parameter whose value differs from what is live in
 *     this client, or is gone; empty where the value is an initial one
 * @param sequence of the message
 * @param epoch of the ledger
 * @param delta null for a snapshot
 * @param outcome why a snapshot came; null for a delta
 */
public record Change(Parameters parameters, Map<String, String> changed, long sequence, String epoch, Delta delta,
    SnapshotOutcome outcome) {
  /** Where a change comes from. */
  public enum Source {
    /** All values at once, when a stream begins or cannot go on with deltas. */
    SNAPSHOT,
    /** One value. */
    DELTA
  }

  /** What kind of message brought it. */
  public Source source() {
    return delta == null ? Source.SNAPSHOT : Source.DELTA;
  }

  /** What a message makes of the values that are live. One that is neither snapshot nor delta changes nothing. */
  static Change of(StreamDeltasResponse message, Parameters before) {
    var delta = message.hasDelta() ? message.getDelta() : null;
    var snapshot = message.getSnapshot();
    var after = delta != null ? before.with(delta.getTarget(), delta.hasNewValue() ? delta.getNewValue() : null)
        : message.hasSnapshot() ? Parameters.of(snapshot.getParametersMap()) : before;
    var changed = new TreeMap<String, String>();
    for (var name : before.differences(after)) {
      var deltaId = delta != null ? delta.getDeltaId() : snapshot.getDeltaIdsOrDefault(name, "");
      changed.put(name, deltaId);
    }
    return new Change(after, Collections.unmodifiableMap(changed), message.getSequence(), message.getEpoch(), delta,
        message.hasSnapshot() ? snapshot.getOutcome() : null);
  }

  /** Whether the message was neither, such as a heartbeat. */
  boolean isEmpty() {
    return delta == null && outcome == null;
  }

  /** The deltas to be answered, by parameter. A block of a trial begins with one that changes no value. */
  Map<String, String> deltaIds() {
    if (delta != null) return Map.of(delta.getTarget(), delta.getDeltaId());
    var ids = new TreeMap<>(changed);
    ids.values().removeIf(String::isEmpty);
    return ids;
  }

  /** The parameters that a refusal without names is of. */
  Set<String> affected() {
    return delta == null ? changed.keySet() : Set.of(delta.getTarget());
  }
}
