// The kernel set for AVX2 with F16C.

#if defined(__x86_64__)

#include <immintrin.h>

// Vectors wider than the target's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)

// Half a tile's rows fill a register.
#define CSK_LANES 8
#include "lanes.h"

CSK_INLINE __m256i broadcast32(const void *x) {
    int32_t word;
    __builtin_memcpy(&word, x, sizeof word);
    return _mm256_set1_epi32(word);
}

CSK_INLINE fvec widen_half(const void *p) {
    __m128i halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    return _mm256_cvtph_ps(halves);
}

// The dot products of dot_body.h in 16 bits: maddubs gives a sum of two products for each half of a lane, and these
// are added up in 16 bits as long as the total fits them. A total that fits is right even where a part of it wrapped
// around; only maddubs itself saturates, and 2 * 128 * 127 is below its limit. A factor stands in both halves of a
// lane, so that madd multiplies and widens in one instruction.

CSK_INLINE ivec unsigned_factor(uvec packed, unsigned index) {
    __m256i pick = _mm256_add_epi32(
        _mm256_set1_epi32((int32_t)(0x80008000u | index << 16 | index)),
        _mm256_setr_epi32(0, 0x40004, 0x80008, 0xC000C, 0, 0x40004, 0x80008, 0xC000C));
    return (ivec)_mm256_and_si256(_mm256_shuffle_epi8((__m256i)packed, pick), _mm256_set1_epi16(63));
}

CSK_INLINE ivec signed_factor(uvec packed, unsigned index) {
    __m256i pick = _mm256_add_epi32(
        _mm256_set1_epi32((int32_t)(0x00800080u | index << 24 | index << 8)),
        _mm256_setr_epi32(0, 0x4000400, 0x8000800, 0xC000C00, 0, 0x4000400, 0x8000800, 0xC000C00));
    return (ivec)_mm256_srai_epi16(_mm256_shuffle_epi8((__m256i)packed, pick), 8);
}

CSK_INLINE ivec unit_factor(void) {
    return (ivec)_mm256_set1_epi16(1);
}

CSK_INLINE ivec dot2(ivec sums, uvec a, uvec b) {
    return sums + (ivec)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

// Ends a step of a sum: without it the compiler computes the products of all columns and planes before it adds the
// first of them up, and the registers do not suffice (half the speed at 8 columns).
CSK_INLINE void end_step(__m256i *sum) {
    __asm__ volatile("" : "+x"(*sum));
}

// Adds the pairs of products of the weights' codes with 4 activations.
CSK_INLINE __m256i add_pairs(__m256i pairs, __m256i codes, const int8_t *x) {
    return _mm256_add_epi16(pairs, _mm256_maddubs_epi16(codes, broadcast32(x)));
}

CSK_INLINE ivec add_product(ivec sums, __m256i pairs, ivec factor) {
    return sums + (ivec)_mm256_madd_epi16(pairs, (__m256i)factor);
}

// At most 8 * 2 * 15 * 127 = 30480.
CSK_INLINE void dot_nibbles(const uint8_t *planes, const csk_block *x, size_t n, ivec factor, ivec *sums) {
    const __m256i mask = _mm256_set1_epi8(15);
    __m256i pairs[CSK_GROUP_COLUMNS];
    CSK_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m256i both = (__m256i)lanes_u32(planes + PLANE * i);
        __m256i low = _mm256_and_si256(both, mask), high = _mm256_and_si256(_mm256_srli_epi16(both, 4), mask);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            pairs[c] = add_pairs(i ? pairs[c] : _mm256_setzero_si256(), low, x[c].q + 4 * i);
            pairs[c] = add_pairs(pairs[c], high, x[c].q + 16 + 4 * i);
            end_step(pairs + c);
        }
    }
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] = add_product(sums[c], pairs[c], factor);
    }
}

// With the offset, at most 8 * 2 * 16 * 127 = 32512.
CSK_INLINE void dot_five_bits(const uint8_t *planes, const csk_block *x, size_t n, ivec *sums) {
    const __m256i mask = _mm256_set1_epi8(15), bit = _mm256_set1_epi8(16);
    __m256i fifth = (__m256i)lanes_u32(planes + 4 * PLANE), pairs[CSK_GROUP_COLUMNS];
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        __m256i sum = _mm256_add_epi16(broadcast32(x[c].pair_sums), broadcast32(x[c].pair_sums + 2));
        pairs[c] = _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_slli_epi16(sum, 4));
    }
    CSK_UNROLL
    for (int i = 0; i < 4; i++) {
        __m256i both = (__m256i)lanes_u32(planes + PLANE * i);
        __m256i top_low = _mm256_and_si256(_mm256_slli_epi16(fifth, 4 - i), bit);
        __m256i top_high = _mm256_and_si256(_mm256_srli_epi16(fifth, i), bit);
        __m256i low = _mm256_or_si256(_mm256_and_si256(both, mask), top_low);
        __m256i high = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(both, 4), mask), top_high);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            pairs[c] = add_pairs(pairs[c], low, x[c].q + 4 * i);
            pairs[c] = add_pairs(pairs[c], high, x[c].q + 16 + 4 * i);
            end_step(pairs + c);
        }
    }
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] = add_product(sums[c], pairs[c], unit_factor());
    }
}

// With the offset, at most 4 * 2 * 32 * 127 = 32512.
CSK_INLINE void dot_six_bits(const uint8_t *planes, const csk_block *x, size_t half, size_t n, ivec factor,
                             ivec *sums) {
    const __m256i low = _mm256_set1_epi8(0x3F), top = _mm256_set1_epi8((char)0xC0);
    __m256i v[4], last[3];
    CSK_UNROLL
    for (int r = 0; r < 3; r++) {
        v[r] = (__m256i)lanes_u32(planes + PLANE * r);
        last[r] = _mm256_srli_epi16(_mm256_and_si256(v[r], top), 6 - 2 * r);
        v[r] = _mm256_and_si256(v[r], low);
    }
    v[3] = _mm256_or_si256(_mm256_or_si256(last[0], last[1]), last[2]);
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        __m256i sum = broadcast32(x[c].pair_sums + 2 * half);
        __m256i pairs = _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_slli_epi16(sum, 5));
        CSK_UNROLL
        for (size_t r = 0; r < 4; r++) {
            pairs = add_pairs(pairs, v[r], x[c].q + 16 * half + 4 * r);
        }
        end_step(&pairs);
        sums[c] = add_product(sums[c], pairs, factor);
    }
}

// maddubs wants one side without a sign: the weight's goes to the activation. Sums of two are the most that fit.
CSK_INLINE void dot_bytes(const uint8_t *planes, const csk_block *x, size_t n, ivec *sums) {
    CSK_UNROLL
    for (size_t g = 0; g < 8; g++) {
        __m256i w = _mm256_xor_si256((__m256i)lanes_u32(planes + PLANE * g), _mm256_set1_epi8((char)0x80));
        __m256i size = _mm256_abs_epi8(w);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            __m256i signs = _mm256_sign_epi8(broadcast32(x[c].q + 4 * g), w);
            __m256i pairs = _mm256_maddubs_epi16(size, signs);
            end_step(&pairs);
            sums[c] = add_product(sums[c], pairs, unit_factor());
        }
    }
}

#include "logits_body.h"

const csk_kernels csk_avx2 = CSK_TABLE("avx2");

#pragma clang attribute pop

#else
typedef int csk_no_avx2;
#endif
