#pragma once
#include <malloc.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <zmq.h>

// Constants that are expressions are not imported into Swift: give them a name of their own.
static const int csz_eventfd_flags = EFD_CLOEXEC | EFD_NONBLOCK;

// Declared among the drafts of <zmq.h>, though every build of the library has it.
static const int csz_zap_enforce_domain = 93;
static const int csz_zero_copy_recv = 10;

// A GNU extension, which <pthread.h> does not show to Swift.
int pthread_setname_np(pthread_t thread, const char *name);
