// What Swift's view of the system's headers leaves out, because they show it to GNU sources only.
#pragma once

#include <pthread.h>
#include <stdint.h>

// Locks a mutex, waiting at most so long by the monotonic clock. Returns 0 or an errno: ETIMEDOUT, EOWNERDEAD.
int csh_mutex_lock_within(pthread_mutex_t *mutex, int64_t nanoseconds);

// Processors that the scheduler lets this process's first thread use; at least 1.
int csh_cores_in_mask(void);

// Names the calling thread for top and debuggers; 15 bytes count.
void csh_name_thread(const char *name);
