/*
 * Preloaded into a process, makes system calls on the files below FAULTY_FOLDER fail:
 *   FAULTY_FULL=path    while this file exists nothing can be written (ENOSPC)
 *   FAULTY_FLUSH=n      the n-th fsync or fdatasync fails (EIO), as on a disk with a bad sector; all others work
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long flushes;

static int is_ours(int fd) {
  const char *folder = getenv("FAULTY_FOLDER");
  char link[64], path[4096];
  if (folder == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  return length > 0 && (size_t)length >= strlen(folder) && memcmp(path, folder, strlen(folder)) == 0;
}

static int is_full(int fd) {
  const char *flag = getenv("FAULTY_FULL");
  int before = errno;
  int answer = flag != NULL && access(flag, F_OK) == 0 && is_ours(fd);
  errno = answer ? ENOSPC : before;
  return answer;
}

static int is_broken(int fd) {
  const char *count = getenv("FAULTY_FLUSH");
  if (count == NULL || !is_ours(fd) || atomic_fetch_add(&flushes, 1) + 1 != atol(count)) return 0;
  errno = EIO;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length) {
  return is_full(fd) ? -1 : REAL(write)(fd, bytes, length);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return is_full(fd) ? -1 : REAL(pwrite)(fd, bytes, length, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  return is_full(fd) ? -1 : REAL(pwrite64)(fd, bytes, length, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return is_full(fd) ? -1 : REAL(writev)(fd, parts, count);
}
int fsync(int fd) {
  return is_broken(fd) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd) {
  return is_broken(fd) ? -1 : REAL(fdatasync)(fd);
}
