// Products of weight tiles with up to 8 columns: one inlined body per weight type, instantiated for 1 to 8 columns.
// The tile layouts are described in repack.c.
//
// The chain of one output, block after block in ascending k (all products and sums of floats rounded one by one, those
// of integers exact):
//   Q8_0, Q5_0, Q4_0: y += (float(dot of codes - offset) * d) * x.scale
//   Q4_1:       y += (float(dot) * d) * x.scale;  y += m * x.sum
//   Q6_K:       y += (float(sum of 16 s * dot) * d) * x.scale
//   Q4_K:       y += (float(sum of 8 s * dot) * d - float(sum of 8 m * sum of x.q) * dmin) * x.scale
//   F32, F16:   y += w * x
#pragma once

#include "lanes.h"

// A tile is computed in parts of LANES rows. With 1 or 2 columns, where memory sets the pace, all parts of a block are
// computed in one sweep, so that memory is read in order; with more, a part's sums take all registers, and each part
// makes a sweep of its own over the block.
enum { PARTS = CSK_TILE_ROWS / LANES };

CSK_INLINE size_t parts_at_once(size_t n) {
    return n <= 2 ? PARTS : 1;
}

// Fetches what lies PREFETCH bytes behind these planes: the share of a sweep over `count` parts from `first` on. Spread
// over the block's steps: a whole block asked for at once fills the processor's queue of misses (a third slower).
CSK_INLINE void prefetch(const uint8_t *p, size_t planes, size_t first, size_t count) {
    CSK_UNROLL
    for (size_t i = planes * first / PARTS; i < planes * (first + count) / PARTS; i++) {
        __builtin_prefetch(p + PREFETCH + PLANE * i, 0, 2);
    }
}

// Sets each column's sums to 0.
CSK_INLINE void clear(size_t n, ivec *sums) {
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        sums[c] = all_i32(0);
    }
}

// y[c] += (float(sums[c]) * d) * x[c].scale
CSK_INLINE void add_scaled(const ivec *sums, fvec d, const csk_block *x, size_t n, fvec *y) {
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        y[c] += (lanes_to_f32(sums[c]) * d) * all_f32(x[c].scale);
    }
}

// Sums of n columns over the rows of a tile: y[part][column].
typedef fvec tile_sums[PARTS][CSK_GROUP_COLUMNS];

// Loops over all parts; a part's rows are PART bytes of a plane, half as many of the scales.
#define CSK_PARTS for (size_t part = 0; part < PARTS; part++)
enum { PART = 4 * LANES };

// Loops over the parts of the sweep that begins with part `first`.
#define CSK_SWEEP(PART_NAME)                                                                                           \
    CSK_UNROLL                                                                                                         \
    for (size_t PART_NAME = first; PART_NAME < first + parts_at_once(n); PART_NAME++)

CSK_INLINE void tile_q8_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    const uint8_t *scales = tile + k / 32 * (8 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 8 * PLANE, scales += SCALES, x += n) {
        prefetch(tile, 8, 0, PARTS);
        CSK_UNROLL
        CSK_PARTS {
            ivec sums[CSK_GROUP_COLUMNS];
            clear(n, sums);
            dot_bytes(tile + PART * part, x, n, sums);
            add_scaled(sums, widen_half(scales + PART / 2 * part), x, n, y[part]);
        }
    }
}

CSK_INLINE void tile_q5_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    const uint8_t *scales = tile + k / 32 * (5 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 5 * PLANE, scales += SCALES, x += n) {
        prefetch(tile, 5, 0, PARTS);
        CSK_UNROLL
        CSK_PARTS {
            ivec sums[CSK_GROUP_COLUMNS];
            clear(n, sums);
            dot_five_bits(tile + PART * part, x, n, sums);
            add_scaled(sums, widen_half(scales + PART / 2 * part), x, n, y[part]);
        }
    }
}

CSK_INLINE void tile_q4_0(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    const uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 4 * PLANE, scales += SCALES, x += n) {
        prefetch(tile, 4, 0, PARTS);
        CSK_UNROLL
        CSK_PARTS {
            ivec sums[CSK_GROUP_COLUMNS];
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                sums[c] = all_i32(-8 * block_sum(x + c));
            }
            dot_nibbles(tile + PART * part, x, n, unit_factor(), sums);
            add_scaled(sums, widen_half(scales + PART / 2 * part), x, n, y[part]);
        }
    }
}

CSK_INLINE void tile_q4_1(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    const uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, tile += 4 * PLANE, scales += 2 * SCALES, x += n) {
        prefetch(tile, 4, 0, PARTS);
        CSK_UNROLL
        CSK_PARTS {
            ivec sums[CSK_GROUP_COLUMNS];
            clear(n, sums);
            dot_nibbles(tile + PART * part, x, n, unit_factor(), sums);
            add_scaled(sums, widen_half(scales + PART / 2 * part), x, n, y[part]);
            fvec m = widen_half(scales + SCALES + PART / 2 * part);
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                y[part][c] += m * all_f32(x[c].sum);
            }
        }
    }
}

// Minima of sub-blocks 2 * pair and 2 * pair + 1, one in each half of a lane: 4 bits of the third plane of scales, the
// top 2 of the first or second.
CSK_INLINE uvec minima_q4_k(const uint8_t *planes, size_t pair) {
    uvec low = lanes_u32(planes + 2 * PLANE) >> (8 * pair);
    uvec top = lanes_u32(planes + PLANE * (pair / 2)) >> (16 * (pair % 2));
    return (low & 0x0F) | ((top >> 2) & 0x30) | ((low << 12) & 0xF0000) | ((top << 6) & 0x300000);
}

// y += what one block of Q4_K gives: its sums of products, less the minima times the activations' sums.
CSK_INLINE void add_q4_k(const ivec *sums, const uint8_t *tile, size_t part, const csk_block *x, size_t n, fvec *y) {
    uvec minima[4];
    CSK_UNROLL
    for (size_t pair = 0; pair < 4; pair++) {
        minima[pair] = minima_q4_k(tile + PLANE + PART * part, pair);
    }
    fvec d = widen_half(tile + PART / 2 * part), dmin = widen_half(tile + SCALES + PART / 2 * part);
    CSK_UNROLL
    for (size_t c = 0; c < n; c++) {
        ivec offset = all_i32(0);
        CSK_UNROLL
        for (size_t pair = 0; pair < 4; pair++) {
            offset = dot2(offset, minima[pair], (uvec)all_i32(x[2 * pair * n + c].sums));
        }
        fvec t = lanes_to_f32(sums[c]) * d - lanes_to_f32(offset) * dmin;
        y[c] += t * all_f32(x[c].scale);
    }
}

CSK_INLINE void tile_q4_k(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    for (size_t b = 0; b < k / 256; b++, tile += 36 * PLANE, x += 8 * n) {
        CSK_UNROLL
        for (size_t first = 0; first < PARTS; first += parts_at_once(n)) {
            ivec sums[PARTS][CSK_GROUP_COLUMNS];
            prefetch(tile, 4, first, parts_at_once(n));
            CSK_SWEEP(part) {
                clear(n, sums[part]);
            }
            for (size_t half = 0; half < 2; half++) {
                uvec packed[PARTS];
                CSK_SWEEP(part) {
                    packed[part] = lanes_u32(tile + PLANE * (1 + half) + PART * part);
                }
                CSK_LOOP
                for (unsigned j = 0; j < 4; j++) {
                    size_t block = 4 * half + j;
                    const uint8_t *planes = tile + PLANE * (4 + 4 * block);
                    prefetch(planes, 4, first, parts_at_once(n));
                    CSK_SWEEP(part) {
                        ivec factor = unsigned_factor(packed[part], j);
                        dot_nibbles(planes + PART * part, x + block * n, n, factor, sums[part]);
                    }
                }
            }
            CSK_SWEEP(part) {
                add_q4_k(sums[part], tile, part, x, n, y[part]);
            }
        }
    }
}

CSK_INLINE void tile_q6_k(const uint8_t *tile, size_t k, const csk_block *x, size_t n, tile_sums y) {
    const uint8_t *scales = tile + k / 256 * (52 * PLANE);
    for (size_t b = 0; b < k / 256; b++, tile += 52 * PLANE, scales += SCALES, x += 8 * n) {
        CSK_UNROLL
        for (size_t first = 0; first < PARTS; first += parts_at_once(n)) {
            ivec sums[PARTS][CSK_GROUP_COLUMNS];
            prefetch(tile, 4, first, parts_at_once(n));
            CSK_SWEEP(part) {
                clear(n, sums[part]);
            }
            for (size_t pair = 0; pair < 4; pair++) {
                uvec packed[PARTS];
                CSK_SWEEP(part) {
                    packed[part] = lanes_u32(tile + PLANE * pair + PART * part);
                }
                CSK_LOOP
                for (unsigned j = 0; j < 4; j++) {
                    const uint8_t *planes = tile + PLANE * (4 + 12 * pair + 3 * j);
                    prefetch(planes, 3, first, parts_at_once(n));
                    CSK_SWEEP(part) {
                        ivec factor = signed_factor(packed[part], j);
                        dot_six_bits(planes + PART * part, x + (2 * pair + j / 2) * n, j % 2, n, factor, sums[part]);
                    }
                }
            }
            CSK_SWEEP(part) {
                add_scaled(sums[part], widen_half(scales + PART / 2 * part), x, n, y[part]);
            }
        }
    }
}

CSK_INLINE void tile_f32(const uint8_t *tile, size_t k, const float *x, size_t stride, size_t n, tile_sums y) {
    for (size_t i = 0; i < k; i++) {
        CSK_UNROLL
        CSK_PARTS {
            fvec w = lanes_f32(tile + PLANE * i + PART * part);
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                y[part][c] += w * all_f32(x[c * stride + i]);
            }
        }
    }
}

CSK_INLINE void tile_f16(const uint8_t *tile, size_t k, const float *x, size_t stride, size_t n, tile_sums y) {
    CSK_UNROLL
    CSK_PARTS {
        for (size_t i = 0; i < k; i++) {
            fvec w = widen_half(tile + SCALES * i + PART / 2 * part);
            CSK_UNROLL
            for (size_t c = 0; c < n; c++) {
                y[part][c] += w * all_f32(x[c * stride + i]);
            }
        }
    }
}

CSK_INLINE void clear_tile(size_t n, tile_sums y) {
    CSK_UNROLL
    CSK_PARTS {
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            y[part][c] = all_f32(0);
        }
    }
}

// One instance: a tile times n columns, into y[column][row].
typedef void tile_kernel(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y);

// Stores the sums times `factor`: column c's 16 at out + c * stride.
CSK_INLINE void store_sums(tile_sums y, size_t n, float factor, float *out, size_t stride) {
    CSK_UNROLL
    CSK_PARTS {
        CSK_UNROLL
        for (size_t c = 0; c < n; c++) {
            store_lanes(out + c * stride + LANES * part, y[part][c] * all_f32(factor));
        }
    }
}

#define CSK_QUANTISED(TYPE, N)                                                                                         \
    static void TYPE##_##N(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y) {                    \
        (void)stride;                                                                                                  \
        tile_sums sums;                                                                                                \
        clear_tile(N, sums);                                                                                           \
        TYPE(tile, k, x, N, sums);                                                                                     \
        store_sums(sums, N, 1, y, CSK_TILE_ROWS);                                                                      \
    }

#define CSK_FLOAT(TYPE, N)                                                                                             \
    static void TYPE##_##N(const uint8_t *tile, size_t k, const void *x, size_t stride, float *y) {                    \
        tile_sums sums;                                                                                                \
        clear_tile(N, sums);                                                                                           \
        TYPE(tile, k, x, stride, N, sums);                                                                             \
        store_sums(sums, N, 1, y, CSK_TILE_ROWS);                                                                      \
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

// Puts one column's 16 sums, or the first `rows` of them, where the result wants them.
CSK_INLINE void store_result(const float *y, size_t row, size_t rows, size_t column, csk_result result) {
    float *out = result.out + column * result.stride + row;
    float whole[CSK_TILE_ROWS] = {0}, bias[CSK_TILE_ROWS] = {0};
    if (rows < CSK_TILE_ROWS) {
        // The last tile: the same on a copy that is long enough.
        __builtin_memcpy(whole, out, rows * sizeof *out);
        if (result.bias) {
            __builtin_memcpy(bias, result.bias + row, rows * sizeof *bias);
        }
    }
    float *to = rows < CSK_TILE_ROWS ? whole : out;
    f32x16 sum = load_f32(y);
    if (result.add) {
        sum = load_f32(to) + sum;
    } else if (result.bias) {
        sum = sum + load_f32(rows < CSK_TILE_ROWS ? bias : result.bias + row);
    }
    store_f32(to, sum);
    if (rows < CSK_TILE_ROWS) {
        __builtin_memcpy(out, whole, rows * sizeof *out);
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
                store_result(y + CSK_TILE_ROWS * c, row, rows, start + c, result);
            }
        }
    }
}
