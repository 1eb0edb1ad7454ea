// Preloaded into a process: tells where its standard output says something while the log of a database holds bytes that nobody has
// synced. One line to the file in SYNC_WATCH_REPORT for each such write, and one for each sync.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int dirty = 0;

static int is_log(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 4) return 0;
  path[length] = 0;
  return strcmp(path + length - 4, "-wal") == 0;
}

static void report(const char *text) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  int fd = open(getenv("SYNC_WATCH_REPORT"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  real(fd, text, strlen(text));
  close(fd);
}

ssize_t write(int fd, const void *bytes, size_t size) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  if (fd == 1 && dirty) report("early\n");
  if (is_log(fd)) dirty = 1;
  return real(fd, bytes, size);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  if (is_log(fd)) dirty = 1;
  return real(fd, bytes, size, at);
}

static int sync_with(const char *name, int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  int result = real(fd);
  if (result == 0 && is_log(fd)) {
    dirty = 0;
    report("synced\n");
  }
  return result;
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }
