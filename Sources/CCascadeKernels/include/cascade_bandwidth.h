// How fast this machine reads memory: what the speed of a pass over the weights is held against.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Reads `bytes` (a multiple of 64) from `data` with as little work for each as there can be, and returns the sum of all
// 64-bit words in them, modulo 2^64: a result that is used keeps the reads from being optimised away.
typedef uint64_t (*csk_reader)(const void *data, size_t bytes);

// The reader for the processors of the kernel set called `name`, or with NULL of the best one; NULL when this processor
// or this build lacks the set.
csk_reader csk_select_reader(const char *name);
