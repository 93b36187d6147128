// Vectors of 16 lanes in the compiler's portable vector types. The same code is compiled for every kernel set: the
// compiler lowers it to whatever the set's target has, one IEEE operation per operator, so results are the same bits.
// Each set adds what it does in its own way: widen_half, and dot4 or the dot products of dot_body.h.
#pragma once

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

#define CSK_INLINE static inline __attribute__((always_inline, unused))
#define CSK_UNROLL _Pragma("clang loop unroll(full)")
// For loops whose bodies are unrolled already: more of it and the code outgrows the cache of decoded instructions, which
// costs more than the branches.
#define CSK_LOOP _Pragma("clang loop unroll(disable)")

typedef float f32x16 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef double f64x16 __attribute__((vector_size(128)));

CSK_INLINE f32x16 load_f32(const void *p) {
    f32x16 v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

CSK_INLINE void store_f32(float *p, f32x16 v) {
    __builtin_memcpy(p, &v, sizeof v);
}

CSK_INLINE f32x16 splat_f32(float x) {
    return (f32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

CSK_INLINE i32x16 splat_i32(int32_t x) {
    return (i32x16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

// a where the mask's lane is all ones, b where it is 0.
CSK_INLINE f32x16 choose(i32x16 mask, f32x16 a, f32x16 b) {
    return (f32x16)((mask & (i32x16)a) | (~mask & (i32x16)b));
}

CSK_INLINE f32x16 larger(f32x16 a, f32x16 b) {
    return choose(a > b, a, b);
}

// Sum of the lanes in a fixed order: lane i with lane i + 8, then + 4, + 2, + 1.
CSK_INLINE float sum_f32(f32x16 v) {
    float x[16];
    store_f32(x, v);
    for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
            x[i] = x[i] + x[i + width];
        }
    }
    return x[0];
}

CSK_INLINE double sum_f64(f64x16 v) {
    double x[16];
    __builtin_memcpy(x, &v, sizeof v);
    for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
            x[i] = x[i] + x[i + width];
        }
    }
    return x[0];
}

CSK_INLINE float max_f32(f32x16 v) {
    float x[16];
    store_f32(x, v);
    for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
            x[i] = x[i] > x[i + width] ? x[i] : x[i + width];
        }
    }
    return x[0];
}

// The nearest float that binary16 has, as csk_from_half(csk_to_half(x)).
CSK_INLINE f32x16 round_half(f32x16 x) {
    i32x16 bits = (i32x16)x, sign = bits & (int32_t)0x80000000, rest = bits & 0x7FFFFFFF;
    i32x16 is_nan = rest > 0x7F800000, is_large = rest > 0x477FE000, is_small = rest < 0x38800000;
    f32x16 normal = (f32x16)((rest + 0xFFF + ((rest >> 13) & 1)) & ~0x1FFF);
    // Subnormal: adding 0.5 lets the addition round at the right place.
    f32x16 small = ((f32x16)rest + splat_f32(0.5f)) - splat_f32(0.5f);
    f32x16 rounded = choose(is_large, splat_f32(65504.0f), choose(is_small, small, normal));
    return choose(is_nan, x, (f32x16)((i32x16)rounded | sign));
}

// exp in single precision, error about 2 units in the last place; 0 below -87, clamped above 88.
CSK_INLINE f32x16 exp_f32(f32x16 x) {
    i32x16 vanishes = x < splat_f32(-87.0f);
    x = choose(x > splat_f32(88.0f), splat_f32(88.0f), x);
    // x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts, n times the first is exact.
    f32x16 shifted = x * splat_f32(0x1.715476p0f) + splat_f32(0x1.8p23f);
    f32x16 n = shifted - splat_f32(0x1.8p23f);
    f32x16 r = (x - n * splat_f32(0x1.63p-1f)) - n * splat_f32(-0x1.bd0106p-13f);
    // Taylor series; the first omitted term is below 6e-9.
    f32x16 sum = splat_f32(1.0f / 5040.0f);
    sum = sum * r + splat_f32(1.0f / 720.0f);
    sum = sum * r + splat_f32(1.0f / 120.0f);
    sum = sum * r + splat_f32(1.0f / 24.0f);
    sum = sum * r + splat_f32(1.0f / 6.0f);
    sum = sum * r + splat_f32(0.5f);
    sum = sum * r + splat_f32(1.0f);
    sum = sum * r + splat_f32(1.0f);
    // The low bits of `shifted` hold n: multiply by 2^n through the exponent.
    i32x16 exponent = ((i32x16)shifted - splat_i32(0x4B400000)) << 23;
    i32x16 scaled = (i32x16)sum + exponent;
    return (f32x16)(scaled & ~vanishes);
}
