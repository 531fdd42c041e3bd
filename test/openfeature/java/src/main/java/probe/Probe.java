package probe;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.openfeature.contrib.providers.flagd.Config;
import dev.openfeature.contrib.providers.flagd.FlagdOptions;
import dev.openfeature.contrib.providers.flagd.FlagdProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.FeatureProvider;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.MutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Structure;
import dev.openfeature.sdk.Value;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;

/** Asks OpenFeature's SDK for Java what test/openfeature tells it to. */
public final class Probe {
  private static final Gson GSON = new Gson().newBuilder().serializeNulls().create();
  private static final Set<String> CHANGED = new ConcurrentSkipListSet<>();
  private static Client client;

  public static void main(String[] args) throws Exception {
    OpenFeatureAPI api = OpenFeatureAPI.getInstance();
    client = api.getClient();
    client.onProviderConfigurationChanged(
        details -> {
          if (details.getFlagsChanged() != null) CHANGED.addAll(details.getFlagsChanged());
        });
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject command = GSON.fromJson(line, JsonObject.class);
      Map<String, Object> answer = new HashMap<>();
      answer.put("id", command.get("id").getAsInt());
      try {
        answer.put("ok", run(api, command));
      } catch (Exception error) {
        answer.put("failed", String.valueOf(error));
      }
      System.out.println(GSON.toJson(answer));
    }
    System.exit(0);
  }

  private static Object run(OpenFeatureAPI api, JsonObject command) {
    switch (command.get("do").getAsString()) {
      case "versions":
        return "Java " + Runtime.version().feature() + ", " + libraries();
      case "open":
        api.setProviderAndWait(provider(command));
        return null;
      case "changed":
        return List.copyOf(CHANGED);
      default:
        return evaluate(command);
    }
  }

  /** Names of the jars beside this one that are tried, with their versions. */
  private static String libraries() {
    File own = new File(System.getProperty("java.class.path"));
    String[] names = new File(own.getAbsoluteFile().getParentFile(), "lib").list();
    return Arrays.stream(names == null ? new String[0] : names)
        .filter(name -> name.matches("(flagd|ofrep|sdk)-.*"))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static FeatureProvider provider(JsonObject command) {
    String host = command.get("host").getAsString();
    int port = command.get("port").getAsInt();
    String mode = command.get("mode").getAsString();
    if (mode.equals("ofrep")) {
      String url = "http://" + host + ":" + port;
      return OfrepProvider.constructProvider(OfrepProviderOptions.builder().baseUrl(url).build());
    }
    Config.Resolver resolver = mode.equals("rpc") ? Config.Resolver.RPC : Config.Resolver.IN_PROCESS;
    // A JVM that has just started needs longer than the usual deadline.
    return new FlagdProvider(
        FlagdOptions.builder().host(host).port(port).resolverType(resolver).deadline(5000).build());
  }

  private static Object evaluate(JsonObject command) {
    String flag = command.get("flag").getAsString();
    Map<String, Object> attributes = plain(command.getAsJsonObject("context"));
    Object key = attributes.remove("targetingKey");
    MutableContext context = new MutableContext(key instanceof String ? (String) key : null, Structure.mapToStructure(attributes).asMap());
    long start = System.nanoTime();
    FlagEvaluationDetails<?> details =
        switch (command.get("type").getAsString()) {
          case "boolean" -> client.getBooleanDetails(flag, command.get("default").getAsBoolean(), context);
          case "string" -> client.getStringDetails(flag, command.get("default").getAsString(), context);
          case "integer" -> client.getIntegerDetails(flag, command.get("default").getAsInt(), context);
          case "float" -> client.getDoubleDetails(flag, command.get("default").getAsDouble(), context);
          default -> client.getObjectDetails(flag, new Value(Structure.mapToStructure(plain(command.getAsJsonObject("default")))), context);
        };
    Map<String, Object> answer = new HashMap<>();
    Object value = details.getValue();
    answer.put("value", value instanceof Value ? ((Value) value).asStructure().asObjectMap() : value);
    answer.put("variant", details.getVariant());
    answer.put("reason", details.getReason());
    answer.put("error", details.getErrorCode() == null ? null : details.getErrorCode().name());
    answer.put("ms", (System.nanoTime() - start) / 1e6);
    return answer;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> plain(JsonObject json) {
    return GSON.fromJson(json, HashMap.class);
  }
}
