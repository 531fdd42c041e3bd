#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

/* Preloaded: every write to the disk takes SYNC_MS milliseconds longer. */

static int after_delay(const char *name, int fd) {
  const char *ms = getenv("SYNC_MS");
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (ms != NULL) usleep((useconds_t)atoi(ms) * 1000);
  return real(fd);
}

int fsync(int fd) { return after_delay("fsync", fd); }

int fdatasync(int fd) { return after_delay("fdatasync", fd); }
