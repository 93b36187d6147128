// The numeric kernels of the model engine: plain C11, no allocation, no I/O, no libm, no state.
//
// Numeric contract (the generic set is the spec; every other set gives the same bits):
// - Integer parts are exact. Every float operation is one IEEE operation of its own: never a fused multiply-add.
// - Per output element there is one fixed chain of operations, in ascending k, that does not depend on how many
//   columns are computed together, on how columns are grouped, on tiles or on threads. Rows of a batch are therefore
//   bit-equal to the same rows alone.
// - NaN payloads and the sign of NaN are outside the contract.
//
// Unless a comment says otherwise: sizes are in elements, output does not alias input, pointers need no more than the
// natural alignment of their type, and float counts called `n` are multiples of 16.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Weight types, numbered as in GGUF.
typedef enum {
    CSK_F32 = 0,
    CSK_F16 = 1,
    CSK_Q4_0 = 2,
    CSK_Q4_1 = 3,
    CSK_Q5_0 = 6,
    CSK_Q8_0 = 8,
    CSK_Q4_K = 12,
    CSK_Q6_K = 14,
} csk_type;

// Sizes of the tiling: rows of a weight tile, elements of a block of activations, columns that one kernel call takes
// over a tile, tokens of a page of the KV cache.
enum {
    CSK_TILE_ROWS = 16,
    CSK_BLOCK = 32,
    CSK_GROUP_COLUMNS = 8,
    CSK_PAGE_TOKENS = 64,
};

// 32 activations of one column as 8-bit integers: x[i] is about scale * q[i], |q[i]| <= 127.
typedef struct {
    int8_t q[CSK_BLOCK];
    float scale;
    union {
        // Narrow scales: scale times the sum of all q, rounded to binary16; what a weight block's minimum is multiplied
        // by.
        float sum;
        // Wide scales: the sum of all q in the low half and that of the next block in the high half; in blocks of odd
        // number the high half is 0.
        int32_t sums;
    };
    // Over each half of the block, sums of the q of even pairs (0, 1, 4, 5, ...) and of odd ones (2, 3, 6, 7, ...).
    int16_t pair_sums[4];
} csk_block;

// A repacked weight matrix of `rows` x `k`, as csk_repack lays it out: ceil(rows / 16) tiles of tile_bytes each.
typedef struct {
    csk_type type;
    uint32_t rows;
    uint32_t k;
    // Aligned to 64 bytes.
    const void *tiles;
    size_t tile_bytes;
} csk_matrix;

// The input columns of a product. Q4_K and Q6_K read `blocks` with wide scales, the other quantised types narrow ones
// (csk_kernels.quantise); float weights read `values`: column c's k floats start at values + c * stride.
typedef struct {
    const csk_block *blocks;
    const float *values;
    size_t stride;
    size_t columns;
} csk_columns;

// Where a product goes: element (row, column) is out[column * stride + row]. It is product + bias[row] (bias may be
// NULL), or, when `add` is set, out + product (bias is not read).
typedef struct {
    float *out;
    size_t stride;
    const float *bias;
    bool add;
} csk_result;

// One row's attention over the heads that share one key/value head.
typedef struct {
    // The sequence's pages in order; at `offset` bytes into each lie this layer's and head's keys, then its values,
    // CSK_PAGE_TOKENS * head_size binary16 numbers each (layout: csk_kernels.store_keys and store_values).
    const void *const *pages;
    size_t offset;
    // Tokens that the row sees: positions 0 ..< length.
    size_t length;
    // Multiple of 16.
    size_t head_size;
    // Query heads; head h's query starts at query + h * head_size, its output at out + h * head_size.
    size_t heads;
    const float *query;
    float *out;
    // Factor on the scores, 1 / sqrt(head_size).
    float scale;
    // heads * score_stride floats of scratch; score_stride >= length rounded up to 16.
    float *scores;
    size_t score_stride;
} csk_attention;

// One set of kernels, written for one kind of processor.
typedef struct {
    // "generic", "avx2" or "avx512".
    const char *name;

    // Product of the matrix's tiles tile_begin ..< tile_end with every column. Tiles may be split over threads freely.
    void (*matmul)(const csk_matrix *matrix, csk_columns columns, size_t tile_begin, size_t tile_end,
                   csk_result result);

    // Quantises blocks block_begin ..< block_end of columns column_begin ..< column_end out of `columns` columns of k
    // (multiple of 32) floats, column c at x + c * stride. `out` holds columns * k / 32 blocks: columns come in groups
    // of up to 8 (csk_group); within a group, block b of its column i is at b * group size + i.
    // A wide scale is shared by 8 blocks (then k, block_begin and block_end are multiples of 256 floats, 8 and 8) and
    // goes with the K types; a narrow one is a block's own, rounded to binary16, and goes with the types of 32. These
    // are ggml's Q8_K and Q8_0/Q8_1, so that answers differ from llama.cpp's by little more than the order of sums.
    void (*quantise)(const float *x, size_t stride, size_t columns, size_t k, size_t column_begin, size_t column_end,
                     size_t block_begin, size_t block_end, bool wide, csk_block *out);

    // Rounds n floats in place to the nearest that binary16 has, within +-65504: what products of binary16 numbers, as
    // ggml computes them, read of a float.
    void (*round_to_half)(float *x, size_t n);

    // out[i] = x[i] * weight[i] / sqrt(mean(x^2) + epsilon). `out` may be x.
    void (*rms_norm)(const float *x, const float *weight, size_t n, float epsilon, float *out);

    // out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]. `out` may be gate or up.
    void (*silu_multiply)(const float *gate, const float *up, size_t n, float *out);

    // Rotates in place the first 2 * pairs elements of each of `heads` vectors of head_size floats by the angles whose
    // cosines and sines are given. Pair i is (2i, 2i + 1) if interleaved, else (i, i + pairs).
    void (*rotate)(float *x, size_t heads, size_t head_size, size_t pairs, const float *cosine, const float *sine,
                   bool interleaved);

    // Writes one token's key of one head (head_size floats) as binary16 into slot 0 ..< 64 of a page's keys:
    // element d of slot s is at ((s / 16) * head_size + d) * 16 + s % 16.
    void (*store_keys)(const float *key, size_t head_size, size_t slot, uint16_t *page);

    // The same for values: element d of slot s is at ((d / 16) * 64 + s) * 16 + d % 16. head_size: multiple of 16.
    void (*store_values)(const float *value, size_t head_size, size_t slot, uint16_t *page);

    // softmax(query . keys * scale) . values for one row and one key/value head.
    void (*attend)(const csk_attention *attention);

    // Largest of n (any count above 0) floats; false when one of them is infinite or NaN.
    bool (*maximum)(const float *x, size_t n, float *result);

    // Sum of exp((x[i] - shift) * scale) in double precision; any n. With `out`, stores the terms there too.
    double (*exp_sum)(const float *x, size_t n, float shift, float scale, float *out);

    // Sum of exp(x[i] - shift) * (x[i] - shift); any n. With exp_sum it gives the entropy.
    double (*exp_moment)(const float *x, size_t n, float shift);

    // Largest element of each strip of `strip` (multiple of 16) elements, the last strip may be short; any n.
    // Writes ceil(n / strip) floats.
    void (*strip_maxima)(const float *x, size_t n, size_t strip, float *out);

    // Ascending indices of the elements >= threshold, at most `capacity` of them; returns how many there are in all.
    size_t (*indices_at_least)(const float *x, size_t n, float threshold, uint32_t *out, size_t capacity);
} csk_kernels;

// The set called `name`, or with NULL the best one; NULL when this processor or this build lacks it.
const csk_kernels *csk_select(const char *name);

// Reads `bytes` (a multiple of 64) from `data` with as little work for each as there can be, and returns the sum of all
// 64-bit words in them, modulo 2^64: a result that is used keeps the reads from being optimised away.
typedef uint64_t (*csk_reader)(const void *data, size_t bytes);

// The reader for the processors of the kernel set called `name`, or with NULL of the best one; NULL when this processor
// or this build lacks the set.
csk_reader csk_select_reader(const char *name);

// BLAKE3 (blake3.pub) of a message that is hashed in parts: any number of threads may hash one part each. Bytes of a
// hash, and of every part but the last, which has 0 (in an empty message) to as many.
enum { CSK_HASH_BYTES = 32, CSK_HASH_PART = 1 << 20 };

// How many chunks the processors of the kernel set called `name`, or with NULL of the best one, hash side by side; 0 when
// this processor or this build lacks the set. The hash is the same whatever the number.
size_t csk_hash_lanes(const char *name);

// Hashes part number `index` of a message. With `is_whole` it is the only one, and `out` the message's hash.
void csk_hash_part(size_t lanes, const void *data, size_t bytes, uint64_t index, bool is_whole, uint8_t *out);

// Joins what csk_hash_part wrote for the 2 or more parts of a message, one behind the other: the first CSK_HASH_BYTES of
// `values` become the message's hash.
void csk_hash_join(size_t lanes, uint8_t *values, size_t count);

// Splits `columns` into ceil(columns / 8) groups of nearly equal size: first column and size of group `group`.
static inline void csk_group(size_t columns, size_t group, size_t *start, size_t *size) {
    size_t groups = (columns + CSK_GROUP_COLUMNS - 1) / CSK_GROUP_COLUMNS;
    size_t base = columns / groups, larger = columns % groups;
    *size = base + (group < larger ? 1 : 0);
    *start = group * base + (group < larger ? group : larger);
}

// Elements and bytes of one block of a type in a file; 0 for a type that there are no kernels for.
size_t csk_block_elements(csk_type type);
size_t csk_block_bytes(csk_type type);

// Bytes of one repacked tile of 16 rows x k, a multiple of 64. k is a multiple of the type's block elements.
size_t csk_tile_bytes(csk_type type, size_t k);

// Repacks tiles tile_begin ..< tile_end of a matrix of rows x k, stored row by row as in a GGUF file, to
// tiles + tile * csk_tile_bytes(type, k); rows beyond the last are zero. False when a scale or a weight is infinite or
// NaN. The layout of each type is described beside its code in repack.c.
bool csk_repack(csk_type type, const void *source, size_t rows, size_t k, size_t tile_begin, size_t tile_end,
                void *tiles);

// One row of k weights as stored in a GGUF file, as floats.
void csk_dequantise(csk_type type, const void *source, size_t k, float *out);

// Stores one row of k floats (multiple of 32) as Q4_0: for each 32 a binary16 scale d, then codes 0 to 15 for
// d * (code - 8). The scale is chosen from a few for the least square error. False when a float is infinite or NaN.
bool csk_quantise_q4_0(const float *x, size_t k, void *out);

// IEEE binary16 conversions. To binary16: round to nearest even, clamped to +-65504, NaN stays NaN.
float csk_from_half(uint16_t half);
uint16_t csk_to_half(float value);

// Sine and cosine that do not depend on a C library: absolute error below 1e-15 for |x| < 1e6.
void csk_sincos(double x, double *sine, double *cosine);

// Tells the processor that the caller spins.
static inline void csk_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
