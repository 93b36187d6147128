#pragma once
#include <errno.h>
#include <zmq.h>

// Constants that are expressions or clash with libc's are not imported into Swift: give them a name of their own.
static const int csz_eagain = EAGAIN;
static const int csz_eintr = EINTR;
static const int csz_eterm = ETERM;
static const int csz_ehostunreach = EHOSTUNREACH;
static const int csz_eaddrinuse = EADDRINUSE;
