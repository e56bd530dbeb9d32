/*
 * Preloaded into a process, writes down in one order what it does to the files below one folder: the trace from
 * which the crash tests build what a power loss may leave. `trace.rs` reads it and describes its form.
 *
 * MAGISTER_TRACE_FOLDER names the folder, MAGISTER_TRACE_FILE the trace, MAGISTER_TRACE_SYNC_US how long every sync
 * takes at least, so that an answer that does not wait for it overtakes it.
 *
 * Memory maps are not seen: SQLite maps only its -shm file, which means nothing after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATED = 1, UNLINKED, WRITTEN, TRUNCATED, SYNCED, FOLDER_MADE, FOLDER_SYNCED };
enum { MAX_DESCRIPTORS = 65536, MAX_FILES = 65536 };

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static char root[PATH_MAX];
static size_t root_length;
static useconds_t sync_us;

/* What a descriptor leads to: 0 nothing that is watched, -1 a folder, otherwise the number of a file. */
static int32_t watched[MAX_DESCRIPTORS];
static char *folders[MAX_DESCRIPTORS];
/* The inode of each file, by number; a number is never used again, an inode may be. */
static ino_t inodes[MAX_FILES];
static int32_t files;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rename)(const char *, const char *);
static ssize_t (*real_writev)(int, const struct iovec *, int);

static void give_up(const char *why) {
    fprintf(stderr, "recorder: %s\n", why);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    real_open = dlsym(RTLD_NEXT, "open");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_writev = dlsym(RTLD_NEXT, "writev");
    const char *folder = getenv("MAGISTER_TRACE_FOLDER"), *file = getenv("MAGISTER_TRACE_FILE");
    const char *slow = getenv("MAGISTER_TRACE_SYNC_US");
    if (!folder || !file) return;
    if (!realpath(folder, root)) give_up("the folder is not there");
    root_length = strlen(root);
    sync_us = slow ? (useconds_t)atoi(slow) : 0;
    trace = real_open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (trace < 0) give_up("the trace cannot be written");
}

/* The path below the watched folder, or null for one that is elsewhere. "" is the folder itself. */
static const char *below(const char *path) {
    if (trace < 0 || strncmp(path, root, root_length)) return NULL;
    if (path[root_length] == 0) return path + root_length;
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static void put(const void *bytes, size_t length) {
    const char *next = bytes;
    while (length > 0) {
        ssize_t put = real_write(trace, next, length);
        if (put < 0) give_up("the trace cannot be written");
        next += put;
        length -= (size_t)put;
    }
}

/* One event; the caller holds `order`. */
static void note(uint8_t kind, int32_t file, uint64_t at, const char *name, const void *data, size_t length) {
    uint32_t name_length = (uint32_t)strlen(name), data_length = (uint32_t)length, number = (uint32_t)file;
    char head[21];
    head[0] = (char)kind;
    memcpy(head + 1, &number, 4);
    memcpy(head + 5, &at, 8);
    memcpy(head + 13, &name_length, 4);
    memcpy(head + 17, &data_length, 4);
    put(head, sizeof head);
    put(name, name_length);
    put(data, length);
}

static int32_t kind_of(int fd) {
    return trace >= 0 && fd >= 0 && fd < MAX_DESCRIPTORS ? watched[fd] : 0;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    const char *name = below(path);
    if (!name) return real_open(path, flags, mode);
    pthread_mutex_lock(&order);
    struct stat status;
    int is_new = stat(path, &status) != 0;
    int fd = real_open(path, flags, mode);
    int failure = errno;
    if (fd >= MAX_DESCRIPTORS) give_up("too many descriptors");
    if (fd >= 0 && !fstat(fd, &status)) {
        if (S_ISDIR(status.st_mode)) {
            watched[fd] = -1;
            free(folders[fd]);
            folders[fd] = strdup(name);
        } else {
            int32_t number = files;
            while (number > 0 && (is_new || inodes[number] != status.st_ino)) number--;
            if (number == 0) {
                if (!is_new) give_up("a file was there before the trace began");
                if (++files >= MAX_FILES) give_up("too many files");
                number = files;
                inodes[number] = status.st_ino;
                note(CREATED, number, 0, name, "", 0);
            }
            watched[fd] = number;
            if (flags & O_TRUNC) note(TRUNCATED, number, 0, "", "", 0);
        }
    }
    pthread_mutex_unlock(&order);
    errno = failure;
    return fd;
}

int close(int fd) {
    if (fd >= 0 && fd < MAX_DESCRIPTORS) watched[fd] = 0;
    return real_close(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    int32_t file = kind_of(fd);
    if (file <= 0) return real_write(fd, data, length);
    pthread_mutex_lock(&order);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = real_write(fd, data, length);
    int failure = errno;
    if (written > 0) note(WRITTEN, file, (uint64_t)at, "", data, (size_t)written);
    pthread_mutex_unlock(&order);
    errno = failure;
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    int32_t file = kind_of(fd);
    if (file <= 0) return real_pwrite(fd, data, length, at);
    pthread_mutex_lock(&order);
    ssize_t written = real_pwrite(fd, data, length, at);
    int failure = errno;
    if (written > 0) note(WRITTEN, file, (uint64_t)at, "", data, (size_t)written);
    pthread_mutex_unlock(&order);
    errno = failure;
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (kind_of(fd) > 0) give_up("writev is not recorded");
    return real_writev(fd, parts, count);
}

int ftruncate(int fd, off_t size) {
    int32_t file = kind_of(fd);
    if (file <= 0) return real_ftruncate(fd, size);
    pthread_mutex_lock(&order);
    int result = real_ftruncate(fd, size);
    int failure = errno;
    if (result == 0) note(TRUNCATED, file, (uint64_t)size, "", "", 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}

static int synced(int fd, int (*sync)(int)) {
    int32_t file = kind_of(fd);
    if (file == 0) return sync(fd);
    usleep(sync_us);
    pthread_mutex_lock(&order);
    int result = sync(fd);
    int failure = errno;
    if (result == 0 && file > 0) note(SYNCED, file, 0, "", "", 0);
    if (result == 0 && file < 0) note(FOLDER_SYNCED, 0, 0, folders[fd], "", 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

int unlink(const char *path) {
    const char *name = below(path);
    if (!name) return real_unlink(path);
    pthread_mutex_lock(&order);
    int result = real_unlink(path);
    int failure = errno;
    if (result == 0) note(UNLINKED, 0, 0, name, "", 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    const char *name = below(path);
    if (!name) return real_mkdir(path, mode);
    pthread_mutex_lock(&order);
    int result = real_mkdir(path, mode);
    int failure = errno;
    if (result == 0) note(FOLDER_MADE, 0, 0, name, "", 0);
    pthread_mutex_unlock(&order);
    errno = failure;
    return result;
}

int rename(const char *from, const char *to) {
    if (below(from) || below(to)) give_up("rename is not recorded");
    return real_rename(from, to);
}

/* On 64-bit Linux these are the same calls under other names. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));
