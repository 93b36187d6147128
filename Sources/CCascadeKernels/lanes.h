// Vectors of CSK_LANES rows for the products of weight tiles: as many as one register of the set's target holds, so that
// 8 columns' sums stay in registers. Lanes never meet in a product, so the number does not show in the results.
#pragma once

#include "vector.h"

#ifndef CSK_LANES
#define CSK_LANES 16
#endif

enum { PLANE = 64, SCALES = 32, PREFETCH = 8192, LANES = CSK_LANES };

typedef float fvec __attribute__((vector_size(4 * CSK_LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * CSK_LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * CSK_LANES)));

CSK_INLINE fvec lanes_f32(const void *p) {
    fvec v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

CSK_INLINE uvec lanes_u32(const void *p) {
    uvec v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

CSK_INLINE void store_lanes(float *p, fvec v) {
    __builtin_memcpy(p, &v, sizeof v);
}

CSK_INLINE fvec all_f32(float x) {
    return x - (fvec){0};
}

CSK_INLINE ivec all_i32(int32_t x) {
    return x - (ivec){0};
}

CSK_INLINE fvec lanes_to_f32(ivec v) {
    return __builtin_convertvector(v, fvec);
}

// Sum of a block's codes.
CSK_INLINE int32_t block_sum(const csk_block *x) {
    return x->pair_sums[0] + x->pair_sums[1] + x->pair_sums[2] + x->pair_sums[3];
}
