// What happens between the products: quantising activations, norms, rotations, the KV cache, attention.
#pragma once

#include "matmul_body.h"

// Largest magnitude of a block, as bits: compared as integers, so that a NaN wins and shows in the scale.
CSK_INLINE int32_t largest_bits(const float *x) {
    i32x16 magnitude = splat_i32(0x7FFFFFFF);
    int32_t a = __builtin_reduce_max((i32x16)load_f32(x) & magnitude);
    int32_t b = __builtin_reduce_max((i32x16)load_f32(x + 16) & magnitude);
    return a > b ? a : b;
}

// Sums of 16 codes: even pairs in the low half, odd pairs in the high half.
CSK_INLINE uint32_t pair_sums(i8x16 codes) {
    i16x8 both = (i16x8)codes;
    i16x8 pairs = ((both << 8) >> 8) + (both >> 8);
    pairs += __builtin_shufflevector(pairs, pairs, 4, 5, 6, 7, 0, 1, 2, 3);
    pairs += __builtin_shufflevector(pairs, pairs, 2, 3, 0, 1, 6, 7, 4, 5);
    return (uint16_t)pairs[0] | (uint32_t)(uint16_t)pairs[1] << 16;
}

// 16 numbers as codes. Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves it in the low bits.
CSK_INLINE i8x16 codes_of(f32x16 x, f32x16 inverse) {
    return __builtin_convertvector((i32x16)(x * inverse + splat_f32(0x1.8p23f)) - splat_i32(0x4B400000), i8x16);
}

// Codes of one block on a scale whose largest magnitude is given.
CSK_INLINE void quantise_block(const float *x, float largest, bool wide, csk_block *out) {
    f32x16 inverse = splat_f32(largest > 1e-30f ? 127.0f / largest : 0.0f);
    i8x16 low = codes_of(load_f32(x), inverse), high = codes_of(load_f32(x + 16), inverse);
    uint32_t sums[2] = {pair_sums(low), pair_sums(high)};
    __builtin_memcpy(out->q, &low, sizeof low);
    __builtin_memcpy(out->q + 16, &high, sizeof high);
    __builtin_memcpy(out->pair_sums, sums, sizeof sums);
    float scale = largest / 127.0f;
    if (wide) {
        out->scale = scale;
        out->sums = block_sum(out) & 0xFFFF;
    } else {
        // Rounding would clamp a scale beyond binary16 and so hide an infinite activation; a NaN reaches the logits.
        scale = scale <= 65504.0f ? scale : __builtin_nanf("");
        out->scale = csk_from_half(csk_to_half(scale));
        out->sum = csk_from_half(csk_to_half(scale * (float)block_sum(out)));
    }
}

static void quantise(const float *x, size_t stride, size_t columns, size_t k, size_t column_begin, size_t column_end,
                     size_t block_begin, size_t block_end, bool wide, csk_block *out) {
    size_t blocks = k / CSK_BLOCK, scale_blocks = wide ? 8 : 1;
    size_t groups = (columns + CSK_GROUP_COLUMNS - 1) / CSK_GROUP_COLUMNS;
    for (size_t g = 0; g < groups; g++) {
        size_t start, n;
        csk_group(columns, g, &start, &n);
        for (size_t i = 0; i < n; i++) {
            size_t c = start + i;
            if (c < column_begin || c >= column_end) {
                continue;
            }
            for (size_t s = block_begin; s < block_end; s += scale_blocks) {
                int32_t bits = 0;
                for (size_t b = s; b < s + scale_blocks; b++) {
                    int32_t own = largest_bits(x + c * stride + b * CSK_BLOCK);
                    bits = own > bits ? own : bits;
                }
                float largest;
                __builtin_memcpy(&largest, &bits, sizeof largest);
                csk_block *first = out + start * blocks + i;
                for (size_t b = s; b < s + scale_blocks; b++) {
                    quantise_block(x + c * stride + b * CSK_BLOCK, largest, wide, first + b * n);
                }
                for (size_t b = s; wide && b < s + scale_blocks; b += 2) {
                    first[b * n].sums |= (int32_t)((uint32_t)first[(b + 1) * n].sums << 16);
                }
            }
        }
    }
}

static void round_to_half(float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        store_f32(x + i, round_half(load_f32(x + i)));
    }
}

static void rms_norm(const float *x, const float *weight, size_t n, float epsilon, float *out) {
    f32x16 squares = splat_f32(0);
    for (size_t i = 0; i < n; i += 16) {
        f32x16 v = load_f32(x + i);
        squares += v * v;
    }
    float mean = sum_f32(squares) / (float)n;
    f32x16 factor = splat_f32(1.0f / __builtin_elementwise_sqrt(mean + epsilon));
    for (size_t i = 0; i < n; i += 16) {
        store_f32(out + i, (load_f32(x + i) * factor) * load_f32(weight + i));
    }
}

static void silu_multiply(const float *gate, const float *up, size_t n, float *out) {
    f32x16 one = splat_f32(1);
    for (size_t i = 0; i < n; i += 16) {
        f32x16 g = load_f32(gate + i);
        store_f32(out + i, (g / (one + exp_f32(-g))) * load_f32(up + i));
    }
}

static void rotate(float *x, size_t heads, size_t head_size, size_t pairs, const float *cosine, const float *sine,
                   bool interleaved) {
    size_t step = interleaved ? 2 : 1, distance = interleaved ? 1 : pairs;
    for (size_t h = 0; h < heads; h++, x += head_size) {
        for (size_t i = 0; i < pairs; i++) {
            float a = x[i * step], b = x[i * step + distance];
            x[i * step] = a * cosine[i] - b * sine[i];
            x[i * step + distance] = a * sine[i] + b * cosine[i];
        }
    }
}

static void store_keys(const float *key, size_t head_size, size_t slot, uint16_t *page) {
    uint16_t *p = page + slot / 16 * 16 * head_size + slot % 16;
    for (size_t d = 0; d < head_size; d++) {
        p[16 * d] = csk_to_half(key[d]);
    }
}

static void store_values(const float *value, size_t head_size, size_t slot, uint16_t *page) {
    for (size_t d = 0; d < head_size; d++) {
        page[(d / 16 * CSK_PAGE_TOKENS + slot) * 16 + d % 16] = csk_to_half(value[d]);
    }
}

// Turns scores into exp(score - largest), zero from `length` to the next multiple of 16; returns their sum.
CSK_INLINE float softmax_terms(float *x, size_t length) {
    size_t padded = (length + 15) / 16 * 16;
    for (size_t i = length; i < padded; i++) {
        x[i] = -3e38f;
    }
    f32x16 largest = load_f32(x);
    for (size_t i = 16; i < padded; i += 16) {
        largest = larger(load_f32(x + i), largest);
    }
    f32x16 shift = splat_f32(max_f32(largest)), sum = splat_f32(0);
    for (size_t i = 0; i < padded; i += 16) {
        f32x16 e = exp_f32(load_f32(x + i) - shift);
        store_f32(x + i, e);
        sum += e;
    }
    return sum_f32(sum);
}

// `n` heads from `first` on. Blocks of 16 tokens and pages start at absolute positions, and a page is read no further
// than `length`: what other tokens, sequences or passes left there cannot show.
CSK_INLINE void attend_heads(const csk_attention *p, size_t first, size_t n) {
    size_t size = p->head_size, stride = p->score_stride;
    const float *query = p->query + first * size;
    float *scores = p->scores + first * stride;
    tile_sums y;
    for (size_t t = 0; t < p->length; t += 16) {
        const uint8_t *keys = (const uint8_t *)p->pages[t / CSK_PAGE_TOKENS] + p->offset;
        clear_tile(n, y);
        tile_f16(keys + t % CSK_PAGE_TOKENS * size * 2, size, query, size, n, y);
        store_sums(y, n, p->scale, scores + t, stride);
    }
    for (size_t c = 0; c < n; c++) {
        // Values are weighed by binary16 numbers, as in ggml.
        float inverse = 1.0f / softmax_terms(scores + c * stride, p->length);
        for (size_t t = 0; t < p->length; t += 16) {
            float *share = scores + c * stride + t;
            store_f32(share, round_half(load_f32(share) * splat_f32(inverse)));
        }
    }
    for (size_t d = 0; d < size; d += 16) {
        clear_tile(n, y);
        for (size_t t = 0; t < p->length; t += CSK_PAGE_TOKENS) {
            const uint8_t *values = (const uint8_t *)p->pages[t / CSK_PAGE_TOKENS] + p->offset;
            size_t count = p->length - t < CSK_PAGE_TOKENS ? p->length - t : CSK_PAGE_TOKENS;
            tile_f16(values + (size + d) * CSK_PAGE_TOKENS * 2, count, scores + t, stride, n, y);
        }
        store_sums(y, n, 1, p->out + first * size + d, size);
    }
}

static void attend(const csk_attention *p) {
    for (size_t first = 0; first < p->heads; first += CSK_GROUP_COLUMNS) {
        size_t n = p->heads - first < CSK_GROUP_COLUMNS ? p->heads - first : CSK_GROUP_COLUMNS;
        switch (n) {
        case 1:
            attend_heads(p, first, 1);
            break;
        case 2:
            attend_heads(p, first, 2);
            break;
        case 3:
            attend_heads(p, first, 3);
            break;
        case 4:
            attend_heads(p, first, 4);
            break;
        case 5:
            attend_heads(p, first, 5);
            break;
        case 6:
            attend_heads(p, first, 6);
            break;
        case 7:
            attend_heads(p, first, 7);
            break;
        default:
            attend_heads(p, first, 8);
            break;
        }
    }
}
