// Picks a kernel set for the processor at hand.

#include "kernels.h"

static bool same(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const csk_kernels *csk_select(const char *name) {
    const csk_kernels *sets[3];
    size_t count = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
        sets[count++] = &csk_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) {
        sets[count++] = &csk_avx2;
    }
#endif
    sets[count++] = &csk_generic;
    if (!name) {
        return sets[0];
    }
    for (size_t i = 0; i < count; i++) {
        if (same(sets[i]->name, name)) {
            return sets[i];
        }
    }
    return NULL;
}
