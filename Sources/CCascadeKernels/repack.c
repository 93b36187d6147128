// Weight types: block sizes, repacking into tiles, dequantising a row.
//
// A tile is 16 rows x k. Its unit is a *plane*: 64 bytes = 16 rows x 4 consecutive k, byte 4 * row + (k % 4), so that
// one 32-bit lane belongs to one row. A block of 32 k has 8 planes of codes, packed as follows.
// - Nibbles (Q4_0, Q4_1, Q4_K, low part of Q5_0): 4 stored planes; plane i holds codes of plane i in its low nibbles and
//   of plane i + 4 in its high ones, which is how the file pairs them in blocks of 32.
// - Fifth bits (Q5_0): 1 stored plane; bit g of a byte is the fifth bit of plane g's code.
// - Six bits (Q6_K): each half block (4 planes, 16 k) is 3 stored planes; byte r has code r in its low 6 bits and bits
//   2r, 2r + 1 of code 3 in its top 2.
// Scales are 16 binary16 numbers (32 bytes), row by row. A tile is
//   F32, F16: k groups of 16 numbers.
//   Q8_0: per block 8 planes of q + 128; then per block the scales.
//   Q5_0: per block 4 nibble planes and 1 plane of fifth bits; then per block the scales.
//   Q4_0: per block 4 nibble planes of q + 8; then per block the scales.
//   Q4_1: per block 4 nibble planes; then per block the scales and the minima.
//   Q4_K, per 256: scales, minima's scales, 3 planes of sub-block scales (bytes 0-3 and 4-7: 6-bit scale of sub-block j
//         with the top 2 bits of its minimum above it; third plane: low nibbles of the minima), then 8 x 4 nibble planes.
//   Q6_K, per 256: 4 planes of sub-block scales (signed bytes), then 16 x 3 planes; then per 256 the scales.

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

enum { ROWS = CSK_TILE_ROWS, PLANE = 64, SCALES = 32 };

size_t csk_block_elements(csk_type type) {
    switch (type) {
    case CSK_F32:
    case CSK_F16:
        return 1;
    case CSK_Q4_0:
    case CSK_Q4_1:
    case CSK_Q5_0:
    case CSK_Q8_0:
        return 32;
    case CSK_Q4_K:
    case CSK_Q6_K:
        return 256;
    }
    return 0;
}

size_t csk_block_bytes(csk_type type) {
    switch (type) {
    case CSK_F32:
        return 4;
    case CSK_F16:
        return 2;
    case CSK_Q4_0:
        return 18;
    case CSK_Q4_1:
        return 20;
    case CSK_Q5_0:
        return 22;
    case CSK_Q8_0:
        return 34;
    case CSK_Q4_K:
        return 144;
    case CSK_Q6_K:
        return 210;
    }
    return 0;
}

size_t csk_tile_bytes(csk_type type, size_t k) {
    // Every layout has exactly the file's size, but for rounding up to whole planes.
    size_t bytes = k / csk_block_elements(type) * csk_block_bytes(type) * ROWS;
    return (bytes + PLANE - 1) / PLANE * PLANE;
}

static uint16_t load16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t load32(const uint8_t *p) {
    uint32_t value;
    __builtin_memcpy(&value, p, sizeof value);
    return value;
}

static void store16(uint8_t *p, uint16_t value) {
    __builtin_memcpy(p, &value, sizeof value);
}

static void store32(uint8_t *p, uint32_t value) {
    __builtin_memcpy(p, &value, sizeof value);
}

// Writes one scale and clears *ok when it is infinite or NaN.
static void store_scale(uint8_t *p, const uint8_t *source, bool *ok) {
    uint16_t half = load16(source);
    if ((half & 0x7C00u) == 0x7C00u) {
        *ok = false;
    }
    store16(p, half);
}

// The 32 codes of a block of 32: of the nibbles of Q4_0 and Q4_1, and of whole Q5_0 and Q8_0 blocks.
static void codes_of_nibbles(const uint8_t *nibbles, uint8_t *codes) {
    for (int i = 0; i < 16; i++) {
        codes[i] = nibbles[i] & 15;
        codes[16 + i] = nibbles[i] >> 4;
    }
}

static void codes_q5_0(const uint8_t *block, uint8_t *codes) {
    uint32_t high = load32(block + 2);
    for (int i = 0; i < 16; i++) {
        codes[i] = (uint8_t)((block[6 + i] & 15) | ((high >> i) & 1) << 4);
        codes[16 + i] = (uint8_t)((block[6 + i] >> 4) | ((high >> (16 + i)) & 1) << 4);
    }
}

static void codes_q8_0(const uint8_t *block, uint8_t *codes) {
    for (int i = 0; i < 32; i++) {
        codes[i] = block[2 + i] ^ 0x80;
    }
}

// The 32 codes of sub-block j (0..7) of a Q4_K super-block, and of 32 elements of a Q6_K one.
static void codes_q4_k(const uint8_t *block, size_t j, uint8_t *codes) {
    const uint8_t *q = block + 16 + j / 2 * 32;
    unsigned shift = j % 2 * 4;
    for (int i = 0; i < 32; i++) {
        codes[i] = (q[i] >> shift) & 15;
    }
}

static void codes_q6_k(const uint8_t *block, size_t j, uint8_t *codes) {
    size_t half = j / 4, quarter = j % 4;
    const uint8_t *low = block + half * 64 + quarter % 2 * 32;
    const uint8_t *high = block + 128 + half * 32;
    unsigned low_shift = quarter / 2 * 4, high_shift = (unsigned)quarter * 2;
    for (int i = 0; i < 32; i++) {
        codes[i] = (uint8_t)(((low[i] >> low_shift) & 15) | ((high[i] >> high_shift) & 3) << 4);
    }
}

// 6-bit scale and minimum of sub-block j of a Q4_K super-block.
static void scale_q4_k(const uint8_t *block, size_t j, uint32_t *scale, uint32_t *minimum) {
    const uint8_t *s = block + 4;
    if (j < 4) {
        *scale = s[j] & 63;
        *minimum = s[j + 4] & 63;
    } else {
        *scale = (s[j + 4] & 15u) | (uint32_t)(s[j - 4] >> 6) << 4;
        *minimum = (s[j + 4] >> 4) | (uint32_t)(s[j] >> 6) << 4;
    }
}

// Packs one row's 32 codes into its lanes of the planes at p.
static void pack_nibbles(const uint8_t *codes, size_t row, uint8_t *p) {
    for (size_t i = 0; i < 4; i++) {
        uint32_t low = load32(codes + 4 * i) & 0x0F0F0F0Fu;
        uint32_t high = load32(codes + 16 + 4 * i) & 0x0F0F0F0Fu;
        store32(p + PLANE * i + 4 * row, low | high << 4);
    }
}

// The same for nibbles of 32 codes as they are in the file.
static void copy_nibbles(const uint8_t *nibbles, size_t row, uint8_t *p) {
    for (size_t i = 0; i < 4; i++) {
        store32(p + PLANE * i + 4 * row, load32(nibbles + 4 * i));
    }
}

// Bit i of `bits` is the fifth bit of code i.
static void pack_fifth_bits(uint32_t bits, size_t row, uint8_t *p) {
    uint32_t packed = 0;
    for (size_t g = 0; g < 8; g++) {
        // Spreads the plane's 4 bits over 4 bytes.
        packed |= ((((bits >> (4 * g)) & 15) * 0x00204081u) & 0x01010101u) << g;
    }
    store32(p + 4 * row, packed);
}

static void pack_bytes(const uint8_t *codes, size_t row, uint8_t *p) {
    for (size_t g = 0; g < 8; g++) {
        store32(p + PLANE * g + 4 * row, load32(codes + 4 * g));
    }
}

static void pack_six_bits(const uint8_t *codes, size_t row, uint8_t *p) {
    for (size_t half = 0; half < 2; half++) {
        uint32_t last = load32(codes + 16 * half + 12);
        for (size_t r = 0; r < 3; r++) {
            uint32_t top = ((last >> (2 * r)) & 0x03030303u) << 6;
            store32(p + PLANE * (3 * half + r) + 4 * row, load32(codes + 16 * half + 4 * r) | top);
        }
    }
}

static void repack_f32_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    for (size_t i = 0; i < k; i++) {
        uint32_t bits = load32(source + 4 * i);
        *ok = *ok && (bits & 0x7F800000u) != 0x7F800000u;
        store32(tile + 4 * (ROWS * i + row), bits);
    }
}

static void repack_f16_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    for (size_t i = 0; i < k; i++) {
        store_scale(tile + 2 * (ROWS * i + row), source + 2 * i, ok);
    }
}

static void repack_q4_0_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, source += 18, scales += SCALES) {
        copy_nibbles(source + 2, row, tile + b * (4 * PLANE));
        store_scale(scales + 2 * row, source, ok);
    }
}

static void repack_q4_1_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t *scales = tile + k / 32 * (4 * PLANE);
    for (size_t b = 0; b < k / 32; b++, source += 20, scales += 2 * SCALES) {
        copy_nibbles(source + 4, row, tile + b * (4 * PLANE));
        store_scale(scales + 2 * row, source, ok);
        store_scale(scales + SCALES + 2 * row, source + 2, ok);
    }
}

static void repack_q5_0_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t *scales = tile + k / 32 * (5 * PLANE);
    for (size_t b = 0; b < k / 32; b++, source += 22, scales += SCALES) {
        copy_nibbles(source + 6, row, tile + b * (5 * PLANE));
        pack_fifth_bits(load32(source + 2), row, tile + b * (5 * PLANE) + 4 * PLANE);
        store_scale(scales + 2 * row, source, ok);
    }
}

static void repack_q8_0_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t codes[32];
    uint8_t *scales = tile + k / 32 * (8 * PLANE);
    for (size_t b = 0; b < k / 32; b++, source += 34, scales += SCALES) {
        codes_q8_0(source, codes);
        pack_bytes(codes, row, tile + b * (8 * PLANE));
        store_scale(scales + 2 * row, source, ok);
    }
}

static void repack_q4_k_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t codes[32];
    for (size_t b = 0; b < k / 256; b++, source += 144, tile += 36 * PLANE) {
        uint32_t packed[3] = {0, 0, 0};
        store_scale(tile + 2 * row, source, ok);
        store_scale(tile + SCALES + 2 * row, source + 2, ok);
        for (size_t j = 0; j < 8; j++) {
            uint32_t scale, minimum;
            scale_q4_k(source, j, &scale, &minimum);
            packed[j / 4] |= (scale | (minimum >> 4) << 6) << (8 * (j % 4));
            packed[2] |= (minimum & 15) << (4 * j);
            codes_q4_k(source, j, codes);
            pack_nibbles(codes, row, tile + PLANE * (4 + 4 * j));
        }
        for (size_t i = 0; i < 3; i++) {
            store32(tile + PLANE * (1 + i) + 4 * row, packed[i]);
        }
    }
}

static void repack_q6_k_row(const uint8_t *source, size_t k, size_t row, uint8_t *tile, bool *ok) {
    uint8_t codes[32];
    uint8_t *scales = tile + k / 256 * (52 * PLANE);
    for (size_t b = 0; b < k / 256; b++, source += 210, tile += 52 * PLANE, scales += SCALES) {
        for (size_t i = 0; i < 4; i++) {
            store32(tile + PLANE * i + 4 * row, load32(source + 192 + 4 * i));
        }
        for (size_t j = 0; j < 8; j++) {
            codes_q6_k(source, j, codes);
            pack_six_bits(codes, row, tile + PLANE * (4 + 6 * j));
        }
        store_scale(scales + 2 * row, source + 208, ok);
    }
}

bool csk_repack(csk_type type, const void *source, size_t rows, size_t k, size_t tile_begin, size_t tile_end,
                void *tiles) {
    bool ok = true;
    size_t row_bytes = k / csk_block_elements(type) * csk_block_bytes(type);
    size_t tile_bytes = csk_tile_bytes(type, k);
    for (size_t t = tile_begin; t < tile_end; t++) {
        uint8_t *tile = (uint8_t *)tiles + t * tile_bytes;
        if (rows - t * ROWS < ROWS) {
            __builtin_memset(tile, 0, tile_bytes);
        }
        for (size_t row = 0; row < ROWS && t * ROWS + row < rows; row++) {
            const uint8_t *p = (const uint8_t *)source + (t * ROWS + row) * row_bytes;
            switch (type) {
            case CSK_F32:
                repack_f32_row(p, k, row, tile, &ok);
                break;
            case CSK_F16:
                repack_f16_row(p, k, row, tile, &ok);
                break;
            case CSK_Q4_0:
                repack_q4_0_row(p, k, row, tile, &ok);
                break;
            case CSK_Q4_1:
                repack_q4_1_row(p, k, row, tile, &ok);
                break;
            case CSK_Q5_0:
                repack_q5_0_row(p, k, row, tile, &ok);
                break;
            case CSK_Q8_0:
                repack_q8_0_row(p, k, row, tile, &ok);
                break;
            case CSK_Q4_K:
                repack_q4_k_row(p, k, row, tile, &ok);
                break;
            case CSK_Q6_K:
                repack_q6_k_row(p, k, row, tile, &ok);
                break;
            }
        }
    }
    return ok;
}

static void dequantise_256(csk_type type, const uint8_t *block, float *out) {
    uint8_t codes[32];
    if (type == CSK_Q4_K) {
        float d = csk_from_half(load16(block)), dmin = csk_from_half(load16(block + 2));
        for (size_t j = 0; j < 8; j++) {
            uint32_t scale, minimum;
            scale_q4_k(block, j, &scale, &minimum);
            codes_q4_k(block, j, codes);
            for (size_t i = 0; i < 32; i++) {
                out[32 * j + i] = d * (float)scale * (float)codes[i] - dmin * (float)minimum;
            }
        }
    } else {
        float d = csk_from_half(load16(block + 208));
        for (size_t j = 0; j < 8; j++) {
            codes_q6_k(block, j, codes);
            for (size_t i = 0; i < 32; i++) {
                float scale = (float)(int8_t)block[192 + 2 * j + i / 16];
                out[32 * j + i] = d * scale * (float)((int)codes[i] - 32);
            }
        }
    }
}

static void dequantise_32(csk_type type, const uint8_t *block, float *out) {
    uint8_t codes[32];
    float d = csk_from_half(load16(block)), offset = 0;
    int zero = 0;
    if (type == CSK_Q4_0) {
        codes_of_nibbles(block + 2, codes);
        zero = 8;
    } else if (type == CSK_Q4_1) {
        codes_of_nibbles(block + 4, codes);
        offset = csk_from_half(load16(block + 2));
    } else if (type == CSK_Q5_0) {
        codes_q5_0(block, codes);
        zero = 16;
    } else {
        codes_q8_0(block, codes);
        zero = 128;
    }
    for (size_t i = 0; i < 32; i++) {
        out[i] = d * (float)((int)codes[i] - zero) + offset;
    }
}

void csk_dequantise(csk_type type, const void *source, size_t k, float *out) {
    const uint8_t *p = source;
    size_t elements = csk_block_elements(type), bytes = csk_block_bytes(type);
    for (size_t i = 0; i < k; i += elements, p += bytes) {
        switch (type) {
        case CSK_F32:
            __builtin_memcpy(out + i, p, 4);
            break;
        case CSK_F16:
            out[i] = csk_from_half(load16(p));
            break;
        case CSK_Q4_K:
        case CSK_Q6_K:
            dequantise_256(type, p, out + i);
            break;
        case CSK_Q4_0:
        case CSK_Q4_1:
        case CSK_Q5_0:
        case CSK_Q8_0:
            dequantise_32(type, p, out + i);
            break;
        }
    }
}
