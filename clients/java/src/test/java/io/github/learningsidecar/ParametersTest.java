package io.github.learningsidecar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ParametersTest {
  private static Value number(double value) {
    return Value.newBuilder().setNumberValue(value).build();
  }

  @Test
  void wholeNumbersAreWhole() {
    var values = Parameters.of(Map.of(
        "agents", number(12), "share", number(0.5), "large", number(1e15), "huge", number(1e300)));
    assertEquals("{agents=12, huge=1.0E300, large=1000000000000000, share=0.5}", values.toString());
    assertEquals(12, values.getInt("agents", 1));
    assertEquals(12.0, values.getDouble("agents", 1));
    assertEquals(1_000_000_000_000_000L, values.getLong("large", 1));
    assertEquals(0.5, values.getDouble("share", 1));
  }

  @Test
  void whatIsNotThereOrOfAnotherTypeIsTheOtherValue() {
    var values = Parameters.of(Map.of("share", 0.5, "large", 1e15, "text", "a", "isOn", true));
    assertEquals(7, values.getInt("none", 7));
    assertEquals(7, values.getInt("share", 7));
    assertEquals(7, values.getInt("large", 7));
    assertEquals(7, values.getLong("text", 7));
    assertEquals(7.5, values.getDouble("text", 7.5));
    assertEquals("b", values.getString("share", "b"));
    assertEquals("a", values.getString("text", "b"));
    assertTrue(values.getBoolean("isOn", false));
    assertTrue(values.getBoolean("text", true));
  }

  @Test
  void valuesOfTheProtocolAndOfJavaAreTheSame() {
    var list = ListValue.newBuilder().addValues(number(1)).addValues(Value.newBuilder().setStringValue("a"))
        .addValues(Value.newBuilder().setNullValue(NullValue.NULL_VALUE));
    var object = Struct.newBuilder().putFields("list", Value.newBuilder().setListValue(list).build());
    var proto = Parameters.of(Map.of("object", Value.newBuilder().setStructValue(object).build()));
    assertEquals(Parameters.of(Map.of("object", Map.of("list", Arrays.asList(1, "a", null)))), proto);
    assertEquals(Map.of("object", Map.of("list", Arrays.asList(1L, "a", null))), proto.asMap());
    assertThrows(IllegalArgumentException.class, () -> Parameters.of(Map.of("when", Instant.EPOCH)));
  }

  @Test
  void theyDoNotChange() {
    var given = new HashMap<>(Map.of("level", 1));
    var values = Parameters.of(given);
    given.put("level", 2);
    assertEquals(1, values.getInt("level", 0));
    assertThrows(UnsupportedOperationException.class, () -> values.asMap().put("level", 3));
  }

  @Test
  void differencesAreOfBothSides() {
    var one = Parameters.of(Map.of("same", 1, "changed", 1, "gone", 1));
    var other = Parameters.of(Map.of("same", 1.0, "changed", List.of(1), "new", false));
    assertEquals(Set.of("changed", "gone", "new"), one.differences(other));
    assertEquals(one, other.replacing(one.differences(other), one));
    assertEquals(Set.of(), Set.copyOf(one.differences(one)));
  }
}
