// The portable kernel set: what every other set must agree with, bit for bit.

// Vectors wider than the baseline's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

#include "vector.h"

// sums + w . x for 16 rows: lane r of w holds 4 unsigned bytes of row r, x 4 signed ones.
CSK_INLINE i32x16 dot4(i32x16 sums, u32x16 w, const int8_t *x) {
    sums += (i32x16)(w & 255) * splat_i32(x[0]);
    sums += (i32x16)((w >> 8) & 255) * splat_i32(x[1]);
    sums += (i32x16)((w >> 16) & 255) * splat_i32(x[2]);
    sums += (i32x16)(w >> 24) * splat_i32(x[3]);
    return sums;
}

// The same where every byte of w is at most 127, which some processors do faster.
CSK_INLINE i32x16 dot4_small(i32x16 sums, u32x16 w, const int8_t *x) {
    return dot4(sums, w, x);
}

// 16 binary16 numbers as floats, exactly.
CSK_INLINE f32x16 widen_half(const void *p) {
    u16x16 halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    u32x16 bits = __builtin_convertvector(halves, u32x16);
    u32x16 rest = (bits & 0x7FFF) << 13;
    // Moves the exponent's bias by 112; exact for subnormals too. Infinities and NaN keep their exponent.
    u32x16 special = (u32x16)(rest >= 0x0F800000) & (rest | 0x7F800000);
    u32x16 finite = (u32x16)((f32x16)rest * splat_f32(0x1p112f)) & ~(u32x16)(rest >= 0x0F800000);
    return (f32x16)(special | finite | (bits & 0x8000) << 16);
}

#include "logits_body.h"

const csk_kernels csk_generic = CSK_TABLE("generic");
