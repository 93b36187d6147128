// The kernel set for AVX2 with F16C.

#if defined(__x86_64__)

#include <immintrin.h>

// Vectors wider than the target's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

#include "vector.h"

typedef union {
    u32x16 whole;
    i32x16 sums;
    __m256i half[2];
} csk_halves;

CSK_INLINE __m256i broadcast4(const int8_t *x) {
    int32_t word;
    __builtin_memcpy(&word, x, sizeof word);
    return _mm256_set1_epi32(word);
}

// See generic.c. Even and odd bytes apart: products of pairs of 16-bit numbers cannot overflow.
CSK_INLINE i32x16 dot4(i32x16 sums, u32x16 w, const int8_t *x) {
    csk_halves weights = {.whole = w}, result = {.sums = sums};
    __m256i all = broadcast4(x);
    __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(all, 8), 8), odd = _mm256_srai_epi16(all, 8);
    for (int i = 0; i < 2; i++) {
        __m256i low = _mm256_and_si256(weights.half[i], _mm256_set1_epi16(255));
        __m256i high = _mm256_srli_epi16(weights.half[i], 8);
        __m256i pairs = _mm256_add_epi32(_mm256_madd_epi16(low, even), _mm256_madd_epi16(high, odd));
        result.half[i] = _mm256_add_epi32(result.half[i], pairs);
    }
    return result.sums;
}

// Sums of two products of at most 127 * 127 fit 16 bits, so the saturating instruction is exact.
CSK_INLINE i32x16 dot4_small(i32x16 sums, u32x16 w, const int8_t *x) {
    csk_halves weights = {.whole = w}, result = {.sums = sums};
    __m256i all = broadcast4(x);
    for (int i = 0; i < 2; i++) {
        __m256i pairs = _mm256_maddubs_epi16(weights.half[i], all);
        result.half[i] = _mm256_add_epi32(result.half[i], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    return result.sums;
}

CSK_INLINE f32x16 widen_half(const void *p) {
    union {
        f32x16 whole;
        __m256 half[2];
    } result;
    for (int i = 0; i < 2; i++) {
        __m128i halves;
        __builtin_memcpy(&halves, (const uint8_t *)p + 16 * i, sizeof halves);
        result.half[i] = _mm256_cvtph_ps(halves);
    }
    return result.whole;
}

#include "logits_body.h"

const csk_kernels csk_avx2 = CSK_TABLE("avx2");

#pragma clang attribute pop

#else
typedef int csk_no_avx2;
#endif
