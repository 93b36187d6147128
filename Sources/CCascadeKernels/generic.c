// The portable kernel set: what every other set must agree with, bit for bit.

// Vectors wider than the baseline's registers are passed to inlined functions only, so there is no ABI to change.
#pragma clang diagnostic ignored "-Wpsabi"

#include "lanes.h"

// sums + w . x: lane r of w holds 4 unsigned bytes of row r, x 4 signed ones.
CSK_INLINE ivec dot4(ivec sums, uvec w, const int8_t *x) {
    sums += (ivec)(w & 255) * all_i32(x[0]);
    sums += (ivec)((w >> 8) & 255) * all_i32(x[1]);
    sums += (ivec)((w >> 16) & 255) * all_i32(x[2]);
    sums += (ivec)(w >> 24) * all_i32(x[3]);
    return sums;
}

typedef uint16_t hvec __attribute__((vector_size(2 * CSK_LANES)));

// LANES binary16 numbers as floats, exactly.
CSK_INLINE fvec widen_half(const void *p) {
    hvec halves;
    __builtin_memcpy(&halves, p, sizeof halves);
    uvec bits = __builtin_convertvector(halves, uvec);
    uvec rest = (bits & 0x7FFF) << 13;
    // Moves the exponent's bias by 112; exact for subnormals too. Infinities and NaN keep their exponent.
    uvec special = (uvec)(rest >= 0x0F800000) & (rest | 0x7F800000);
    uvec finite = (uvec)((fvec)rest * all_f32(0x1p112f)) & ~(uvec)(rest >= 0x0F800000);
    return (fvec)(special | finite | (bits & 0x8000) << 16);
}

#include "dot_body.h"
#include "logits_body.h"

const csk_kernels csk_generic = CSK_TABLE("generic");
