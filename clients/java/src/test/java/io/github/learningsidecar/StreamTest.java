package io.github.learningsidecar;

import static io.github.learningsidecar.FakeSidecar.next;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Value;
import io.github.learningsidecar.v1.AckDeltaRequest;
import io.github.learningsidecar.v1.Delta;
import io.github.learningsidecar.v1.Heartbeat;
import io.github.learningsidecar.v1.Snapshot;
import io.github.learningsidecar.v1.SnapshotOutcome;
import io.github.learningsidecar.v1.StreamDeltasResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StreamTest {
  private final BlockingQueue<Change> changes = new LinkedBlockingQueue<>();
  private final Map<String, AckDeltaRequest> answers = new HashMap<>();
  /** What onChange does beside keeping the change. */
  private volatile Consumer<Change> reaction = change -> {};
  private final Logged logged = new Logged();
  private FakeSidecar server;
  private LearningSidecar client;

  @BeforeEach
  void follow() throws Exception {
    server = new FakeSidecar(0);
    client = new LearningSidecar(new Options(server.target(), "me")
        .defaults(Map.of("level", 1, "gone", true)).onChange(change -> {
          changes.add(change);
          reaction.accept(change);
        }));
    client.follow();
  }

  @AfterEach
  void close() throws Exception {
    client.close(Duration.ZERO);
    server.close();
    logged.close();
  }

  @Test
  void aSnapshotReplacesWhatWasKnownAndNamesTheDeltaOfEachValue() throws Exception {
    assertEquals(Map.of("level", 1L, "gone", true), client.parameters().asMap());
    var stream = next(server.streams);
    assertEquals("me", stream.request().getClientId());
    stream.to().onNext(snapshot(4, Map.of("level", number(2), "share", number(0.5)), Map.of("level", "d-4")));
    var change = next(changes);
    assertEquals(Change.Source.SNAPSHOT, change.source());
    assertEquals(SnapshotOutcome.SNAPSHOT_OUTCOME_INITIAL, change.outcome());
    assertEquals(Map.of("level", "d-4", "share", "", "gone", ""), change.changed());
    assertEquals(Map.of("level", 2L, "share", 0.5), change.parameters().asMap());
    assertAnswer("d-4", "");
    assertEquals(change.parameters(), client.parameters());
    assertEquals(4, client.sequence());
  }

  @Test
  void aDeltaIsAnsweredEvenIfItsValueIsLiveAlready() throws Exception {
    var stream = next(server.streams);
    stream.to().onNext(snapshot(0, Map.of("level", number(1)), Map.of()));
    stream.to().onNext(delta(1, "d-1", number(2)));
    stream.to().onNext(delta(2, "d-2", number(2)));
    next(changes);
    assertEquals(Map.of("level", "d-1"), next(changes).changed());
    assertEquals(Map.of(), next(changes).changed());
    assertAnswer("d-1", "");
    assertAnswer("d-2", "");
  }

  @Test
  void aDeltaWithoutAValueTakesTheParameterAway() throws Exception {
    var stream = next(server.streams);
    stream.to().onNext(snapshot(0, Map.of("level", number(1)), Map.of()));
    stream.to().onNext(delta(1, "d-1", null));
    assertAnswer("d-1", "");
    assertEquals(Map.of(), client.parameters().asMap());
  }

  @Test
  void namedParametersOfASnapshotAreRefusedAndTheOthersTaken() throws Exception {
    reaction = change -> {
      throw new DeltaRefusal("UNSUPPORTED_VALUE", "no", "level");
    };
    var values = Map.of("level", number(9), "share", number(0.5));
    next(server.streams).to().onNext(snapshot(2, values, Map.of("level", "d-1", "share", "d-2")));
    assertAnswer("d-1", "UNSUPPORTED_VALUE");
    assertAnswer("d-2", "");
    assertEquals(Map.of("level", 1L, "share", 0.5), client.parameters().asMap());
  }

  @Test
  void whateverOnChangeThrowsRefusesAllOfAChange() throws Exception {
    reaction = change -> {
      throw new StackOverflowError("a fault");
    };
    var stream = next(server.streams);
    stream.to().onNext(snapshot(1, Map.of("level", number(9)), Map.of("level", "d-1")));
    assertAnswer("d-1", "NOT_PUT_IN_FORCE");
    stream.to().onNext(delta(2, "d-2", number(1)));
    assertAnswer("d-2", "NOT_PUT_IN_FORCE");
    assertEquals(Map.of("level", 1L, "gone", true), client.parameters().asMap());
    assertEquals(2, logged.lines.size());
  }

  @Test
  void aStreamIsOpenedAgainWithoutAPlaceAndAnOutageIsOneLine() throws Exception {
    for (int i = 0; i < 3; i++) next(server.streams).to().onError(Status.UNAVAILABLE.asRuntimeException());
    assertEquals(1, logged.lines.size());
    next(server.streams).to().onError(Status.UNAUTHENTICATED.asRuntimeException());
    next(server.streams).to().onError(Status.UNAVAILABLE.asRuntimeException());
    var stream = next(server.streams);
    assertEquals(3, logged.lines.size());
    assertFalse(stream.request().hasAfterSequence());
    stream.to().onNext(snapshot(7, Map.of("level", number(3)), Map.of("level", "d-7")));
    assertAnswer("d-7", "");
    stream.to().onCompleted();
    assertFalse(next(server.streams).request().hasAfterSequence());
    assertEquals(4, logged.lines.size());
    assertEquals(7, client.sequence());
  }

  @Test
  void aHeartbeatSaysHowFarTheStreamHasRead() throws Exception {
    var stream = next(server.streams);
    stream.to().onNext(StreamDeltasResponse.newBuilder().setEpoch("e").setSequence(5)
        .setHeartbeat(Heartbeat.getDefaultInstance()).build());
    stream.to().onNext(delta(6, "d-6", number(6)));
    assertEquals(6, next(changes).sequence());
    assertTrue(changes.isEmpty());
  }

  private void assertAnswer(String deltaId, String reason) throws Exception {
    // Calls of their own, they may overtake each other.
    while (!answers.containsKey(deltaId)) {
      var next = next(server.answers);
      answers.put(next.getDeltaId(), next);
    }
    var answer = answers.get(deltaId);
    assertEquals(deltaId + " e me " + reason, String.join(" ", answer.getDeltaId(), answer.getEpoch(),
        answer.getClientId(), answer.getError().getReason()));
  }

  private static Value number(double value) {
    return Value.newBuilder().setNumberValue(value).build();
  }

  private static StreamDeltasResponse snapshot(long sequence, Map<String, Value> values, Map<String, String> deltaIds) {
    var snapshot = Snapshot.newBuilder().setOutcome(SnapshotOutcome.SNAPSHOT_OUTCOME_INITIAL)
        .putAllParameters(values).putAllDeltaIds(deltaIds);
    return StreamDeltasResponse.newBuilder().setEpoch("e").setSequence(sequence).setSnapshot(snapshot).build();
  }

  private static StreamDeltasResponse delta(long sequence, String id, Value value) {
    var delta = Delta.newBuilder().setDeltaId(id).setTarget("level").setSequence(sequence);
    if (value != null) delta.setNewValue(value);
    return StreamDeltasResponse.newBuilder().setEpoch("e").setSequence(sequence).setDelta(delta).build();
  }
}
