#define _GNU_SOURCE
#include "cascade_host.h"

#include <time.h>

int csh_mutex_lock_within(pthread_mutex_t *mutex, int64_t nanoseconds) {
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += nanoseconds / 1000000000;
    end.tv_nsec += nanoseconds % 1000000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec += 1;
        end.tv_nsec -= 1000000000;
    }
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &end);
}

void csh_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
