package example;

import com.google.protobuf.Value;
import java.util.HashMap;
import java.util.Map;

/** Flags of the command line: --name value. */
final class Flags {
  private final Map<String, String> values = new HashMap<>();

  Flags(String[] args) {
    for (int i = 0; i < args.length; i += 2) {
      if (!args[i].startsWith("--") || i + 1 == args.length) {
        System.err.println("expected --name value, found " + args[i]);
        System.exit(2);
      }
      values.put(args[i].substring(2), args[i + 1]);
    }
  }

  /** Null, or what is given for it, where there is no such flag. */
  String get(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /** How to reach the sidecar. */
  LearningSidecar.Options options(String clientId, Map<String, Value> defaults) {
    var options = new LearningSidecar.Options();
    options.target = get("target", options.target);
    options.clientId = get("client-id", clientId);
    options.defaults = defaults;
    options.tlsCa = get("tls-ca", null);
    options.tlsCertificate = get("tls-certificate", null);
    options.tlsKey = get("tls-key", null);
    options.tlsServerName = get("tls-server-name", null);
    options.tokenFile = get("token-file", null);
    return options;
  }
}
