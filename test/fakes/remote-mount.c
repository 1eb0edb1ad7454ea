/*
 * Preloaded into a process, makes the folder REMOTE_FOLDER look like a mount from a server:
 *   REMOTE_LIST=path   stands in the place of /proc/self/mountinfo
 *   REMOTE_AWAY=path   while this file exists the server is away: no call below the folder returns
 *   REMOTE_STALE=path  whenever this file is written, files that are open become stale (ESTALE), as after a restart of the server
 *   REMOTE_BYTES=n     a read gives so many bytes at most
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MOST_FILES 4096

/* When the file was written that makes them stale, as of their opening. */
static struct timespec opened[MOST_FILES];

static int is_below(const char *path) {
  const char *folder = getenv("REMOTE_FOLDER");
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_ours(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = REAL(readlink)(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

static void wait_for_server(void) {
  const char *away = getenv("REMOTE_AWAY");
  int before = errno;
  while (away != NULL && access(away, F_OK) == 0) usleep(50000);
  errno = before;
}

static void come_to(const char *path) {
  if (is_below(path)) wait_for_server();
}

static struct timespec written(void) {
  struct stat about;
  const char *stale = getenv("REMOTE_STALE");
  return stale != NULL && stat(stale, &about) == 0 ? about.st_mtim : (struct timespec){0};
}

static int is_stale(int fd) {
  struct timespec now = written();
  if (fd >= MOST_FILES || (now.tv_sec == opened[fd].tv_sec && now.tv_nsec == opened[fd].tv_nsec)) return 0;
  errno = ESTALE;
  return 1;
}

/* Whether the call fails. */
static int use(int fd) {
  if (!is_ours(fd)) return 0;
  wait_for_server();
  return is_stale(fd);
}

static size_t most(int fd, size_t length) {
  const char *bytes = getenv("REMOTE_BYTES");
  size_t limit = bytes == NULL || !is_ours(fd) ? length : (size_t)atol(bytes);
  return length < limit ? length : limit;
}

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  const char *list = getenv("REMOTE_LIST");
  if (list != NULL && strcmp(path, "/proc/self/mountinfo") == 0) path = list;
  come_to(path);
  int fd = REAL(openat)(folder, path, flags, mode);
  if (fd >= 0 && fd < MOST_FILES && is_below(path)) opened[fd] = written();
  return fd;
}

#define MODE(flags, mode)                                                                                              \
  mode_t mode = 0;                                                                                                     \
  if (flags & (O_CREAT | O_TMPFILE)) {                                                                                 \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    mode = va_arg(rest, mode_t);                                                                                       \
    va_end(rest);                                                                                                      \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags, mode)
  return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

/* libuv asks for `statx` by its number. */
long syscall(long number, ...) {
  long words[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) words[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_statx) {
    const char *path = (const char *)words[1];
    if (path[0] != 0) come_to(path);
    else if (use((int)words[0])) return -1;
  }
  return REAL(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  come_to(path);
  return REAL(scandir64)(path, names, filter, compare);
}
ssize_t readlink(const char *path, char *buffer, size_t size) {
  come_to(path);
  return REAL(readlink)(path, buffer, size);
}
char *realpath(const char *path, char *resolved) {
  come_to(path);
  return REAL(realpath)(path, resolved);
}
int inotify_add_watch(int fd, const char *path, uint32_t mask) {
  come_to(path);
  return REAL(inotify_add_watch)(fd, path, mask);
}
ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
  return use(fd) ? -1 : REAL(pread64)(fd, bytes, most(fd, length), at);
}
ssize_t preadv(int fd, const struct iovec *parts, int count, off_t at) {
  struct iovec some[8];
  if (use(fd)) return -1;
  size_t left = most(fd, (size_t)1 << 30);
  int used = 0;
  for (; used < count && used < 8 && left > 0; used++) {
    some[used] = parts[used];
    if (some[used].iov_len > left) some[used].iov_len = left;
    left -= some[used].iov_len;
  }
  return REAL(preadv)(fd, some, used, at);
}
