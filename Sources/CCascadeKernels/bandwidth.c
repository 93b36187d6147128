// Plain reads of memory; see include/cascade_kernels.h.

#include "cascade_kernels.h"

#include "kernels.h"

// Vectors wider than the target's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

typedef uint64_t u64x8 __attribute__((vector_size(64)));

// The range is read as `STREAMS` streams side by side, each with a sum of its own: processors fetch ahead by stream.
// As many as the sums have room for in registers; eight were 2 to 16 % faster than one on Zen 3, and prefetch
// instructions made it slower.
#define CSK_READER(NAME, STREAMS, ATTRIBUTES)                                                                          \
    ATTRIBUTES static uint64_t NAME(const void *data, size_t bytes) {                                                  \
        const uint8_t *start = data;                                                                                   \
        size_t part = bytes / (STREAMS * sizeof(u64x8)) * sizeof(u64x8);                                               \
        u64x8 sums[STREAMS] = {0}, value;                                                                              \
        for (size_t offset = 0; offset < part; offset += sizeof value) {                                               \
            _Pragma("clang loop unroll(full)") for (size_t stream = 0; stream < STREAMS; stream++) {                   \
                __builtin_memcpy(&value, start + stream * part + offset, sizeof value);                                \
                sums[stream] += value;                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t offset = STREAMS * part; offset < bytes; offset += sizeof value) {                                 \
            __builtin_memcpy(&value, start + offset, sizeof value);                                                    \
            sums[0] += value;                                                                                          \
        }                                                                                                              \
        uint64_t total = 0;                                                                                            \
        for (size_t stream = 0; stream < STREAMS; stream++) {                                                          \
            for (size_t lane = 0; lane < 8; lane++) {                                                                  \
                total += sums[stream][lane];                                                                           \
            }                                                                                                          \
        }                                                                                                              \
        return total;                                                                                                  \
    }

CSK_READER(read_generic, 4, )
#if defined(__x86_64__)
CSK_READER(read_avx2, 8, __attribute__((target("avx2"))))
CSK_READER(read_avx512, 8, __attribute__((target("avx512f"))))
#endif

csk_reader csk_select_reader(const char *name) {
    const csk_kernels *set = csk_select(name);
    if (!set) {
        return NULL;
    }
#if defined(__x86_64__)
    if (set == &csk_avx512) {
        return read_avx512;
    }
    if (set == &csk_avx2) {
        return read_avx2;
    }
#endif
    return read_generic;
}
