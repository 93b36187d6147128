// Integer dot products of one block of activations with unpacked weights, for n columns at once, out of a set's dot4.
// A set that knows a better way (avx2.c) has its own; results are exact integers, so all agree.
#pragma once

#include "lanes.h"

// A factor as dot_nibbles and dot_six_bits take it: byte `index` of each lane, without a sign.
CSK_INLINE ivec unsigned_factor(uvec packed, unsigned index) {
    return (ivec)((packed >> (8 * index)) & 63);
}

// The same with a sign and all 8 bits.
CSK_INLINE ivec signed_factor(uvec packed, unsigned index) {
    return (ivec)(packed << (24 - 8 * index)) >> 24;
}

// The factor 1.
CSK_INLINE ivec unit_factor(void) {
    return all_i32(1);
}

// sums[c] += factor * (codes of 4 nibble planes) . x[c]
CSK_INLINE void dot_nibbles(const uint8_t *planes, const csk_block *x, size_t n, ivec factor, ivec *sums) {
    const uvec mask = (uvec)all_i32(0x0F0F0F0F);
    ivec dots[CSK_GROUP_COLUMNS];
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        dots[c] = all_i32(0);
    }
    CSK_UNROLL
    for (size_t i = 0; i < 4; i++) {
        uvec both = lanes_u32(planes + PLANE * i);
        uvec low = both & mask, high = (both >> 4) & mask;
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            dots[c] = dot4(dots[c], low, x[c].q + 4 * i);
            dots[c] = dot4(dots[c], high, x[c].q + 16 + 4 * i);
        }
    }
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] += dots[c] * factor;
    }
}

// sums[c] += (codes - 16 of 4 nibble planes and 1 of fifth bits) . x[c]
CSK_INLINE void dot_five_bits(const uint8_t *planes, const csk_block *x, size_t n, ivec *sums) {
    const uvec mask = (uvec)all_i32(0x0F0F0F0F), bit = (uvec)all_i32(0x10101010);
    uvec fifth = lanes_u32(planes + 4 * PLANE);
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] += all_i32(-16 * block_sum(x + c));
    }
    CSK_UNROLL
    for (size_t i = 0; i < 4; i++) {
        uvec both = lanes_u32(planes + PLANE * i);
        uvec low = (both & mask) | ((fifth << (4 - i)) & bit);
        uvec high = ((both >> 4) & mask) | ((fifth >> i) & bit);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = dot4(sums[c], low, x[c].q + 4 * i);
            sums[c] = dot4(sums[c], high, x[c].q + 16 + 4 * i);
        }
    }
}

// sums[c] += factor * (codes - 32 of one half block of 16 six-bit weights, 3 planes) . x[c]
CSK_INLINE void dot_six_bits(const uint8_t *planes, const csk_block *x, size_t half, size_t n, ivec factor,
                             ivec *sums) {
    const uvec low = (uvec)all_i32(0x3F3F3F3F), top = (uvec)all_i32((int32_t)0xC0C0C0C0);
    uvec v[3], last = (uvec)all_i32(0);
    CSK_UNROLL
    for (size_t r = 0; r < 3; r++) {
        v[r] = lanes_u32(planes + PLANE * r);
        last |= (v[r] & top) >> (6 - 2 * r);
    }
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        const int8_t *q = x[c].q + 16 * half;
        ivec dot = all_i32(-32 * (x[c].pair_sums[2 * half] + x[c].pair_sums[2 * half + 1]));
        CSK_UNROLL
        for (size_t r = 0; r < 3; r++) {
            dot = dot4(dot, v[r] & low, q + 4 * r);
        }
        sums[c] += dot4(dot, last, q + 12) * factor;
    }
}

// sums[c] += (codes - 128 of 8 planes) . x[c]
CSK_INLINE void dot_bytes(const uint8_t *planes, const csk_block *x, size_t n, ivec *sums) {
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] += all_i32(-128 * block_sum(x + c));
    }
    CSK_UNROLL
    for (size_t g = 0; g < 8; g++) {
        uvec w = lanes_u32(planes + PLANE * g);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = dot4(sums[c], w, x[c].q + 4 * g);
        }
    }
}

// sums + a0 * b0 + a1 * b1 of the two signed halves of each lane.
CSK_INLINE ivec dot2(ivec sums, uvec a, uvec b) {
    return sums + ((ivec)(a << 16) >> 16) * ((ivec)(b << 16) >> 16) + ((ivec)a >> 16) * ((ivec)b >> 16);
}
