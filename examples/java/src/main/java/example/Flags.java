package example;

import io.github.learningsidecar.Options;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
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

  String get(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  /** How to reach the sidecar. */
  Options options(String clientId) throws IOException {
    var options = new Options(get("target", "127.0.0.1:50051"), get("client-id", clientId));
    if (values.containsKey("token-file")) options.tokenFile(Path.of(values.get("token-file")));
    if (values.keySet().stream().noneMatch(name -> name.startsWith("tls-"))) return options;
    var tls = TlsChannelCredentials.newBuilder();
    if (values.containsKey("tls-ca")) tls.trustManager(new File(values.get("tls-ca")));
    if (values.containsKey("tls-certificate")) {
      tls.keyManager(new File(values.get("tls-certificate")), new File(values.get("tls-key")));
    }
    return options.credentials(tls.build()).serverName(values.get("tls-server-name"));
  }
}
