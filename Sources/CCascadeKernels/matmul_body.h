// Products of weight tiles with up to 8 columns: one inlined body per weight type, instantiated for 1 to 8 columns.
// The tile layouts are described in repack.c.
//
// The chain of one output, block after block in ascending k (all products and sums rounded one by one):
//   Q8_0, Q5_0, Q4_0: y += (float(dot of codes - offset) * d) * x.scale
//   Q4_1:       y += (float(dot) * d) * x.scale;  y += m * x.sum
//   Q6_K:       t += float(dot0) * (d * s0);  t += float(dot1) * (d * s1);  after 256: y += t * x.scale
//   Q4_K:       t += float(dot) * (d * s);  t -= (dmin * m) * x.sum;  after 256: y += t * x.scale
//   F32, F16:   y += w * x
#pragma once

#include "vector.h"

enum { PLANE = 64, SCALES = 32, PREFETCH = 8192 };

// From three columns on the arithmetic, not the memory, sets the pace, and fetching ahead of the hardware helps; below
// that it gets in the way.
CSK_INLINE void prefetch(const uint8_t *p, size_t bytes, size_t n) {
    if (n >= 3) {
        CSK_UNROLL
        for (size_t i = 0; i < bytes; i += PLANE) {
            __builtin_prefetch(p + PREFETCH + i, 0, 2);
        }
    }
}

// Adds the dot products of 4 nibble planes (one block of 32) to each column's sums.
CSK_INLINE void dot_nibbles(const uint8_t *planes, const csk_block *x, size_t n, i32x16 *sums) {
    const u32x16 mask = (u32x16)splat_i32(0x0F0F0F0F);
    CSK_UNROLL
    for (size_t i = 0; i < 4; i++) {
        u32x16 both = load_u32(planes + PLANE * i);
        u32x16 low = both & mask, high = (both >> 4) & mask;
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = dot4_small(sums[c], low, x[c].q + 4 * i);
            sums[c] = dot4_small(sums[c], high, x[c].q + 16 + 4 * i);
        }
    }
}

CSK_INLINE void tile_q8_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    const uint8_t *scales = tile + k / 32 * (8 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 8 * PLANE, scales += SCALES, x += n) {
        i32x16 sums[CSK_GROUP_COLUMNS];
        prefetch(tile, 8 * PLANE, n);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = splat_i32(-128 * (x[c].sums[0] + x[c].sums[1]));
        }
        CSK_UNROLL
        for (size_t g = 0; g < 8; g++) {
            u32x16 w = load_u32(tile + PLANE * g);
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                sums[c] = dot4(sums[c], w, x[c].q + 4 * g);
            }
        }
        f32x16 d = widen_half(scales);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += (to_f32(sums[c]) * d) * splat_f32(x[c].scale);
        }
    }
}

CSK_INLINE void tile_q5_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    const u32x16 mask = (u32x16)splat_i32(0x0F0F0F0F), bit = (u32x16)splat_i32(0x10101010);
    const uint8_t *scales = tile + k / 32 * (5 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 5 * PLANE, scales += SCALES, x += n) {
        i32x16 sums[CSK_GROUP_COLUMNS];
        prefetch(tile, 5 * PLANE, n);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = splat_i32(-16 * (x[c].sums[0] + x[c].sums[1]));
        }
        u32x16 fifth = load_u32(tile + 4 * PLANE);
        CSK_UNROLL
        for (size_t i = 0; i < 4; i++) {
            u32x16 both = load_u32(tile + PLANE * i);
            u32x16 low = (both & mask) | ((fifth << (4 - i)) & bit);
            u32x16 high = ((both >> 4) & mask) | ((fifth >> i) & bit);
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                sums[c] = dot4_small(sums[c], low, x[c].q + 4 * i);
                sums[c] = dot4_small(sums[c], high, x[c].q + 16 + 4 * i);
            }
        }
        f32x16 d = widen_half(scales);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += (to_f32(sums[c]) * d) * splat_f32(x[c].scale);
        }
    }
}

CSK_INLINE void tile_q4_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    const uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 4 * PLANE, scales += SCALES, x += n) {
        i32x16 sums[CSK_GROUP_COLUMNS];
        prefetch(tile, 4 * PLANE, n);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = splat_i32(-8 * (x[c].sums[0] + x[c].sums[1]));
        }
        dot_nibbles(tile, x, n, sums);
        f32x16 d = widen_half(scales);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += (to_f32(sums[c]) * d) * splat_f32(x[c].scale);
        }
    }
}

CSK_INLINE void tile_q4_1(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    const uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 4 * PLANE, scales += 2 * SCALES, x += n) {
        i32x16 sums[CSK_GROUP_COLUMNS];
        prefetch(tile, 4 * PLANE, n);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            sums[c] = splat_i32(0);
        }
        dot_nibbles(tile, x, n, sums);
        f32x16 d = widen_half(scales), m = widen_half(scales + SCALES);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += (to_f32(sums[c]) * d) * splat_f32(x[c].scale);
            y[c] += m * splat_f32(x[c].sum);
        }
    }
}

// Adds what 256 weights made of the codes, times their scale.
CSK_INLINE void add_scaled(const f32x16 *t, const csk_block *x, size_t n, f32x16 *y) {
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        y[c] += t[c] * splat_f32(x[c].scale);
    }
}

CSK_INLINE void tile_q4_k(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    for (size_t b = 0; b < k / 256; b++) {
        f32x16 d = widen_half(tile), dmin = widen_half(tile + SCALES);
        u32x16 minima = load_u32(tile + 3 * PLANE);
        f32x16 t[CSK_GROUP_COLUMNS];
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            t[c] = splat_f32(0);
        }
        prefetch(tile, 4 * PLANE, n);
        tile += 4 * PLANE;
        for (size_t half = 0; half < 2; half++) {
            u32x16 packed = load_u32(tile - (3 - half) * PLANE - half * (16 * PLANE));
            for (size_t j = 0; j < 4; j++, tile += 4 * PLANE, x += n) {
                i32x16 sums[CSK_GROUP_COLUMNS];
                prefetch(tile, 4 * PLANE, n);
                CSK_UNROLL
                for (size_t c = 0; c < n; c++) {
                    sums[c] = splat_i32(0);
                }
                dot_nibbles(tile, x, n, sums);
                f32x16 s = d * to_f32((i32x16)(packed & 63));
                f32x16 m = dmin * to_f32((i32x16)((minima & 15) | ((packed >> 2) & 48)));
                packed >>= 8;
                minima >>= 4;
                CSK_UNROLL
                for (size_t c = 0; c < n; c++) {
                    t[c] += to_f32(sums[c]) * s;
                    t[c] -= m * splat_f32(x[c].sum);
                }
            }
        }
        // The scale is all 8 blocks'; x has gone past the last one.
        add_scaled(t, x - n, n, y);
    }
}

// Adds the dot products of one half block of 16 six-bit weights (3 planes) to each column's sums.
CSK_INLINE void dot_six_bits(const uint8_t *planes, const csk_block *x, size_t half, size_t n, i32x16 *sums) {
    const u32x16 low = (u32x16)splat_i32(0x3F3F3F3F), top = (u32x16)splat_i32((int32_t)0xC0C0C0C0);
    u32x16 v[3], last = (u32x16)splat_i32(0);
    CSK_UNROLL
    for (size_t r = 0; r < 3; r++) {
        v[r] = load_u32(planes + PLANE * r);
        last |= (v[r] & top) >> (6 - 2 * r);
    }
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        const int8_t *q = x[c].q + 16 * half;
        sums[c] = splat_i32(-32 * x[c].sums[half]);
        CSK_UNROLL
        for (size_t r = 0; r < 3; r++) {
            sums[c] = dot4_small(sums[c], v[r] & low, q + 4 * r);
        }
        sums[c] = dot4_small(sums[c], last, q + 12);
    }
}

CSK_INLINE void tile_q6_k(const uint8_t *tile, size_t k, const csk_block *x, size_t n, f32x16 *y) {
    const uint8_t *scales = tile + k / 256 * (52 * PLANE);
    for (size_t b = 0; b < k / 256; b++, scales += SCALES) {
        f32x16 d = widen_half(scales);
        const uint8_t *sub_scales = tile;
        f32x16 t[CSK_GROUP_COLUMNS];
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            t[c] = splat_f32(0);
        }
        prefetch(tile, 4 * PLANE, n);
        tile += 4 * PLANE;
        for (size_t pair = 0; pair < 4; pair++) {
            u32x16 packed = load_u32(sub_scales + PLANE * pair);
            for (size_t j = 0; j < 2; j++, tile += 6 * PLANE, x += n) {
                prefetch(tile, 6 * PLANE, n);
                CSK_UNROLL
                for (size_t half = 0; half < 2; half++) {
                    i32x16 sums[CSK_GROUP_COLUMNS];
                    dot_six_bits(tile + half * (3 * PLANE), x, half, n, sums);
                    f32x16 s = d * to_f32((i32x16)(packed << 24) >> 24);
                    packed >>= 8;
                    CSK_UNROLL
                    for (size_t c = 0; c < n; c++) {
                        t[c] += to_f32(sums[c]) * s;
                    }
                }
            }
        }
        add_scaled(t, x - n, n, y);
    }
}

CSK_INLINE void tile_f32(const uint8_t *tile, size_t k, const float *x, size_t stride, size_t n, f32x16 *y) {
    for (size_t i = 0; i < k; i++) {
        f32x16 w = load_f32(tile + PLANE * i);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += w * splat_f32(x[c * stride + i]);
        }
    }
}

CSK_INLINE void tile_f16(const uint8_t *tile, size_t k, const float *x, size_t stride, size_t n, f32x16 *y) {
    for (size_t i = 0; i < k; i++) {
        f32x16 w = widen_half(tile + SCALES * i);
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[c] += w * splat_f32(x[c * stride + i]);
        }
    }
}

// One instance: a tile times n columns, into y[column][row].
typedef void tile_kernel(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y);

#define CSK_QUANTISED(TYPE, N)                                                                                         \
    static void TYPE##_##N(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y) {                    \
        (void)stride;                                                                                                  \
        f32x16 sums[N];                                                                                                \
        CSK_UNROLL                                                                                                     \
        for (size_t c = 0; c < N; c++) sums[c] = splat_f32(0);                                                         \
        TYPE(tile, k, x, N, sums);                                                                                     \
        CSK_UNROLL                                                                                                     \
        for (size_t c = 0; c < N; c++) store_f32(y + 16 * c, sums[c]);                                                 \
    }

#define CSK_FLOAT(TYPE, N)                                                                                             \
    static void TYPE##_##N(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y) {                    \
        f32x16 sums[N];                                                                                                \
        CSK_UNROLL                                                                                                     \
        for (size_t c = 0; c < N; c++) sums[c] = splat_f32(0);                                                         \
        TYPE(tile, k, x, stride, N, sums);                                                                             \
        CSK_UNROLL                                                                                                     \
        for (size_t c = 0; c < N; c++) store_f32(y + 16 * c, sums[c]);                                                 \
    }

#define CSK_INSTANCES(MACRO, TYPE)                                                                                     \
    MACRO(TYPE, 1)                                                                                                     \
    MACRO(TYPE, 2)                                                                                                     \
    MACRO(TYPE, 3)                                                                                                     \
    MACRO(TYPE, 4)                                                                                                     \
    MACRO(TYPE, 5)                                                                                                     \
    MACRO(TYPE, 6)                                                                                                     \
    MACRO(TYPE, 7)                                                                                                     \
    MACRO(TYPE, 8)                                                                                                     \
    static tile_kernel *const TYPE##_kernels[CSK_GROUP_COLUMNS] = {TYPE##_1, TYPE##_2, TYPE##_3, TYPE##_4,             \
                                                                   TYPE##_5, TYPE##_6, TYPE##_7, TYPE##_8};

CSK_INSTANCES(CSK_QUANTISED, tile_q8_0)
CSK_INSTANCES(CSK_QUANTISED, tile_q5_0)
CSK_INSTANCES(CSK_QUANTISED, tile_q4_0)
CSK_INSTANCES(CSK_QUANTISED, tile_q4_1)
CSK_INSTANCES(CSK_QUANTISED, tile_q4_k)
CSK_INSTANCES(CSK_QUANTISED, tile_q6_k)
CSK_INSTANCES(CSK_FLOAT, tile_f32)
CSK_INSTANCES(CSK_FLOAT, tile_f16)

static tile_kernel *const *tile_kernels(csk_type type) {
    switch (type) {
    case CSK_F32:
        return tile_f32_kernels;
    case CSK_F16:
        return tile_f16_kernels;
    case CSK_Q4_0:
        return tile_q4_0_kernels;
    case CSK_Q4_1:
        return tile_q4_1_kernels;
    case CSK_Q5_0:
        return tile_q5_0_kernels;
    case CSK_Q8_0:
        return tile_q8_0_kernels;
    case CSK_Q4_K:
        return tile_q4_k_kernels;
    case CSK_Q6_K:
        return tile_q6_k_kernels;
    }
    return NULL;
}

static void store_tile(const float *y, size_t rows, const float *bias, bool add, float *out) {
    for (size_t r = 0; r < rows; r++) {
        if (add) {
            out[r] = out[r] + y[r];
        } else {
            out[r] = bias ? y[r] + bias[r] : y[r];
        }
    }
}

static void matmul(const csk_matrix *matrix, csk_columns columns, size_t tile_begin, size_t tile_end,
                   csk_result result) {
    tile_kernel *const *kernels = tile_kernels(matrix->type);
    bool is_float = matrix->type == CSK_F32 || matrix->type == CSK_F16;
    size_t groups = (columns.columns + CSK_GROUP_COLUMNS - 1) / CSK_GROUP_COLUMNS;
    size_t blocks = matrix->k / CSK_BLOCK;
    float y[CSK_GROUP_COLUMNS * CSK_TILE_ROWS];
    for (size_t t = tile_begin; t < tile_end; t++) {
        const uint8_t *tile = (const uint8_t *)matrix->tiles + t * matrix->tile_bytes;
        size_t row = t * CSK_TILE_ROWS;
        size_t rows = matrix->rows - row < CSK_TILE_ROWS ? matrix->rows - row : CSK_TILE_ROWS;
        for (size_t g = 0; g < groups; g++) {
            size_t start, n;
            csk_group(columns.columns, g, &start, &n);
            const void *x = is_float ? (const void *)(columns.values + start * columns.stride)
                                     : (const void *)(columns.blocks + start * blocks);
            kernels[n - 1](tile, matrix->k, x, columns.stride, y);
            for (size_t c = 0; c < n; c++) {
                store_tile(y + CSK_TILE_ROWS * c, rows, result.bias ? result.bias + row : NULL, result.add,
                           result.out + (start + c) * result.stride + row);
            }
        }
    }
}
