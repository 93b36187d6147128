// The kernel set for AVX-512 with VNNI.

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))),                 \
                             apply_to = function)

#include "lanes.h"

// See generic.c.
CSK_INLINE ivec dot4(ivec sums, uvec w, const int8_t *x) {
    int32_t word;
    __builtin_memcpy(&word, x, sizeof word);
    return (ivec)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)w, _mm512_set1_epi32(word));
}

CSK_INLINE fvec widen_half(const void *p) {
    __m256i halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    return (fvec)_mm512_cvtph_ps(halves);
}

#include "dot_body.h"
#include "logits_body.h"

const csk_kernels csk_avx512 = CSK_TABLE("avx512");

#pragma clang attribute pop

#else
typedef int csk_no_avx512;
#endif
