/*
 * Preloaded into a process, makes system calls on the files below FAULTY_FOLDER fail:
 *   FAULTY_FULL=path    while this file exists nothing can be written (ENOSPC) to files with its text in their path
 *   FAULTY_FLUSH=n      the n-th fsync or fdatasync fails (EIO), and what it was to keep is gone from the file, as on a disk with a
 *                       bad sector and little memory; all others work. Which file it was is said on stderr
 *   FAULTY_FILES=text   only flushes of files with this text in their path count
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What stood where a file was written since it was flushed last, the newest first. */
struct before {
  struct before *older;
  dev_t device;
  ino_t file;
  off64_t at;
  size_t length;
  char bytes[];
};

static struct before *unflushed;
static long flushes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The path of a file below the folder, or NULL. */
static const char *path_of(int fd, char *path, size_t size) {
  const char *folder = getenv("FAULTY_FOLDER");
  char link[64];
  if (folder == NULL) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < (ssize_t)strlen(folder) || memcmp(path, folder, strlen(folder)) != 0) return NULL;
  path[length] = 0;
  return path;
}

static int is_full(int fd) {
  const char *flag = getenv("FAULTY_FULL");
  char path[4096], text[256];
  int before = errno;
  int file = flag == NULL ? -1 : open(flag, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  if (length >= 0) text[length] = 0;
  int answer = length >= 0 && path_of(fd, path, sizeof path) != NULL && strstr(path, text) != NULL;
  errno = answer ? ENOSPC : before;
  return answer;
}

/* Keeps what stands where a file is about to be written. */
static void keep(int fd, size_t length, off64_t at) {
  char path[4096];
  struct stat stat;
  if (getenv("FAULTY_FLUSH") == NULL || path_of(fd, path, sizeof path) == NULL || fstat(fd, &stat) < 0) return;
  struct before *one = calloc(1, sizeof *one + length);
  one->device = stat.st_dev;
  one->file = stat.st_ino;
  one->at = at;
  one->length = length;
  /* Behind the old end there are zeros. */
  if (pread64(fd, one->bytes, length, at) < 0) memset(one->bytes, 0, length);
  one->older = unflushed;
  unflushed = one;
}

/* Forgets what was written to a file since it was flushed last, or takes it back. */
static void forget(int fd, int takes_back) {
  struct stat stat;
  if (fstat(fd, &stat) < 0) return;
  for (struct before **place = &unflushed; *place != NULL;) {
    struct before *one = *place;
    if (one->device != stat.st_dev || one->file != stat.st_ino) {
      place = &one->older;
      continue;
    }
    if (takes_back) REAL(pwrite64)(fd, one->bytes, one->length, one->at);
    *place = one->older;
    free(one);
  }
}

static ssize_t put(int fd, const void *bytes, size_t length, off64_t at) {
  if (is_full(fd)) return -1;
  pthread_mutex_lock(&lock);
  keep(fd, length, at);
  ssize_t written = REAL(pwrite64)(fd, bytes, length, at);
  pthread_mutex_unlock(&lock);
  return written;
}

static int flush(int fd, int (*real)(int)) {
  char path[4096];
  const char *count = getenv("FAULTY_FLUSH"), *text = getenv("FAULTY_FILES");
  if (count == NULL || path_of(fd, path, sizeof path) == NULL) return real(fd);
  pthread_mutex_lock(&lock);
  int fails = (text == NULL || strstr(path, text) != NULL) && ++flushes == atol(count);
  int result = fails ? -1 : real(fd);
  forget(fd, fails);
  pthread_mutex_unlock(&lock);
  if (!fails) return result;
  dprintf(2, "flush %s of \"%s\" failed\n", count, path);
  errno = EIO;
  return -1;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  return is_full(fd) ? -1 : REAL(write)(fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return is_full(fd) ? -1 : REAL(writev)(fd, parts, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return put(fd, bytes, length, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  return put(fd, bytes, length, at);
}
int fsync(int fd) {
  return flush(fd, REAL(fsync));
}
int fdatasync(int fd) {
  return flush(fd, REAL(fdatasync));
}
