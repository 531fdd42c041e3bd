package io.github.learningsidecar;

import com.google.protobuf.Value;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/** Values by parameter name, immutable. Whole numbers are whole: a Long in asMap, and so in toString. */
public final class Parameters {
  /** Up to here every whole number is a double of its own. */
  private static final double MAX_WHOLE = 1L << 53;

  private final Map<String, Object> values;

  private Parameters(Map<String, Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /** Numbers, texts, booleans, nulls, and maps and lists of them; throws IllegalArgumentException at others. */
  public static Parameters of(Map<String, ?> values) {
    var plain = new TreeMap<String, Object>();
    values.forEach((name, value) -> plain.put(name, plain(value)));
    return new Parameters(plain);
  }

  /** A whole number that an int can hold; otherwise, where there is no such value. */
  public int getInt(String name, int otherwise) {
    return values.get(name) instanceof Long whole && whole.intValue() == whole ? whole.intValue() : otherwise;
  }

  /** A whole number; otherwise, where there is no such value. */
  public long getLong(String name, long otherwise) {
    return values.get(name) instanceof Long whole ? whole : otherwise;
  }

  /** Any number; otherwise, where there is no such value. */
  public double getDouble(String name, double otherwise) {
    return values.get(name) instanceof Number number ? number.doubleValue() : otherwise;
  }

  /** A text; otherwise, where there is no such value. */
  public String getString(String name, String otherwise) {
    return values.get(name) instanceof String text ? text : otherwise;
  }

  /** True or false; otherwise, where there is no such value. */
  public boolean getBoolean(String name, boolean otherwise) {
    return values.get(name) instanceof Boolean truth ? truth : otherwise;
  }

  /** Each value as a Long, Double, String, Boolean, Map, List or null. */
  public Map<String, Object> asMap() {
    return values;
  }

  /** The names of those whose values differ, or that only one of both has. */
  Collection<String> differences(Parameters other) {
    var names = new TreeSet<>(values.keySet());
    names.addAll(other.values.keySet());
    names.removeIf(name -> values.containsKey(name) == other.values.containsKey(name)
        && Objects.equals(values.get(name), other.values.get(name)));
    return names;
  }

  /** With one value set; null: without it. */
  Parameters with(String name, Value value) {
    return replacing(Collections.singleton(name), value == null ? of(Map.of()) : of(Map.of(name, value)));
  }

  /** With the values that others have for these names, or none where they have none. */
  Parameters replacing(Collection<String> names, Parameters others) {
    var replaced = new TreeMap<>(values);
    replaced.keySet().removeAll(names);
    for (var name : names) {
      if (others.values.containsKey(name)) replaced.put(name, others.values.get(name));
    }
    return new Parameters(replaced);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Parameters parameters && values.equals(parameters.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }

  private static Object plain(Object value) {
    if (value instanceof Value proto) return plain(proto);
    if (value instanceof Number number) return plain(number.doubleValue());
    if (value == null || value instanceof String || value instanceof Boolean) return value;
    if (value instanceof Collection<?> list) return list.stream().map(Parameters::plain).toList();
    if (value instanceof Map<?, ?> map) {
      var plain = new TreeMap<String, Object>();
      map.forEach((name, field) -> plain.put((String) name, plain(field)));
      return Collections.unmodifiableMap(plain);
    }
    throw new IllegalArgumentException("no value of a parameter: " + value.getClass());
  }

  private static Object plain(Value value) {
    return switch (value.getKindCase()) {
      case NUMBER_VALUE -> plain(value.getNumberValue());
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> value.getBoolValue();
      case STRUCT_VALUE -> plain(value.getStructValue().getFieldsMap());
      case LIST_VALUE -> plain(value.getListValue().getValuesList());
      case NULL_VALUE, KIND_NOT_SET -> null;
    };
  }

  private static Object plain(double number) {
    boolean isWhole = number == Math.rint(number) && Math.abs(number) <= MAX_WHOLE;
    if (isWhole) return (long) number;
    return number;
  }
}
