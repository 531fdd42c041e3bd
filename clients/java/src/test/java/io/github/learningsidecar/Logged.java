package io.github.learningsidecar;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The lines that the client logs while this is open, which go nowhere else. */
final class Logged extends Handler implements AutoCloseable {
  private static final Logger LOGGER = Logger.getLogger("io.github.learningsidecar");

  final List<String> lines = new CopyOnWriteArrayList<>();

  Logged() {
    LOGGER.setUseParentHandlers(false);
    LOGGER.addHandler(this);
  }

  @Override
  public void publish(LogRecord line) {
    lines.add(line.getMessage());
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    LOGGER.removeHandler(this);
    LOGGER.setUseParentHandlers(true);
  }
}
