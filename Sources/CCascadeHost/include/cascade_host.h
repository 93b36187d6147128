// What Swift's view of the system's headers leaves out, because they show it to GNU sources only.
#pragma once

#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

// What this process was started with, as main would get it: the program's name first, NULL last. Needs no /proc, where
// Swift looks.
char *const *csh_arguments(void);

// Locks a mutex, waiting at most so long by the monotonic clock. Returns 0 or an errno: ETIMEDOUT, EOWNERDEAD.
int csh_mutex_lock_within(pthread_mutex_t *mutex, int64_t nanoseconds);

// Processors that the scheduler lets this process's first thread use; at least 1.
int csh_cores_in_mask(void);

// Names the calling thread for top and debuggers; 15 bytes count.
void csh_name_thread(const char *name);

// Has a program that is spawned start without descriptors from `first` on, once what was arranged before is done.
int csh_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

// Holds on to a process by a descriptor that is closed on exec; -1 and errno where there is none, or the kernel has no
// such thing.
int csh_pidfd_open(pid_t pid);

// Sends a signal to the process that a descriptor holds on to; 0, or -1 and errno.
int csh_pidfd_signal(int descriptor, int signal);

// Locks a file for its descriptor, and for those that are inherited from it, until the last is closed; does not wait.
// Returns 0, or -1 and errno: EAGAIN or EACCES where another has it.
int csh_lock_file(int descriptor);

// Whether another has a file locked: 1 or 0, or -1 and errno where the file system has no locks. Looks without touching
// the lock, so that nobody who wants it is kept out.
int csh_is_file_locked(int descriptor);
