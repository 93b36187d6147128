// The kernel set for AVX-512 with VNNI.

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))),                 \
                             apply_to = function)

#include "vector.h"

// See generic.c.
CSK_INLINE i32x16 dot4(i32x16 sums, u32x16 w, const int8_t *x) {
    int32_t word;
    __builtin_memcpy(&word, x, sizeof word);
    return (i32x16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)w, _mm512_set1_epi32(word));
}

CSK_INLINE i32x16 dot4_small(i32x16 sums, u32x16 w, const int8_t *x) {
    return dot4(sums, w, x);
}

CSK_INLINE f32x16 widen_half(const void *p) {
    __m256i halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    return (f32x16)_mm512_cvtph_ps(halves);
}

#include "logits_body.h"

const csk_kernels csk_avx512 = CSK_TABLE("avx512");

#pragma clang attribute pop

#else
typedef int csk_no_avx512;
#endif
