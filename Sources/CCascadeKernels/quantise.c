// Rounding weights to Q4_0.

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

typedef float f32x4 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));

enum { BLOCK = 32, VECTORS = BLOCK / 4, CANDIDATES = 4 };

static f32x4 splat(float x) {
    return (f32x4){x, x, x, x};
}

static float sum(f32x4 x) {
    return (x[0] + x[1]) + (x[2] + x[3]);
}

// The codes, 0 to 15, of four numbers that are given in units of the scale.
static i32x4 codes_of(f32x4 x) {
    f32x4 shifted = __builtin_elementwise_max(x + splat(8.5f), splat(0));
    // Truncation rounds: there is nothing below 0.
    return __builtin_convertvector(__builtin_elementwise_min(shifted, splat(15)), i32x4);
}

// The number of largest magnitude, with its sign.
static float extreme_of(const f32x4 *x) {
    f32x4 low = x[0], high = x[0];
    for (size_t i = 1; i < VECTORS; i++) {
        low = __builtin_elementwise_min(low, x[i]);
        high = __builtin_elementwise_max(high, x[i]);
    }
    float least = __builtin_reduce_min(low), most = __builtin_reduce_max(high);
    return most > -least ? most : least;
}

// The scale with the least square error among those that the candidates' codes ask for. A candidate maps the extreme
// to -7.25, -7.75, -8.25 or -8.75; its codes c have the best scale sum(x c) / sum(c c), which takes sum(x c)^2 /
// sum(c c) off the error.
static float scale_of(const f32x4 *x) {
    float extreme = extreme_of(x), best = 0, scale = 0;
    if (extreme == 0) {
        return 0;
    }
    for (int candidate = 0; candidate < CANDIDATES; candidate++) {
        f32x4 inverse = splat(-(7.25f + (float)candidate / 2) / extreme), products = splat(0), squares = splat(0);
        for (size_t i = 0; i < VECTORS; i++) {
            f32x4 c = __builtin_convertvector(codes_of(x[i] * inverse), f32x4) - splat(8);
            products += x[i] * c;
            squares += c * c;
        }
        float product = sum(products), square = sum(squares);
        if (product * product > best * square) {
            best = product * product / square;
            scale = product / square;
        }
    }
    return scale;
}

static bool is_finite(const float *x) {
    uint32_t broken = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        uint32_t bits;
        __builtin_memcpy(&bits, x + i, sizeof bits);
        broken |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return !broken;
}

bool csk_quantise_q4_0(const float *x, size_t k, void *out) {
    uint8_t *p = out;
    for (size_t b = 0; b < k / BLOCK; b++, x += BLOCK, p += 18) {
        if (!is_finite(x)) {
            return false;
        }
        f32x4 numbers[VECTORS];
        __builtin_memcpy(numbers, x, sizeof numbers);
        uint16_t half = csk_to_half(scale_of(numbers));
        float scale = csk_from_half(half);
        f32x4 inverse = splat(scale == 0 ? 0 : 1 / scale);
        __builtin_memcpy(p, &half, sizeof half);
        for (size_t i = 0; i < VECTORS / 2; i++) {
            i32x4 low = codes_of(numbers[i] * inverse), high = codes_of(numbers[i + VECTORS / 2] * inverse);
            for (size_t j = 0; j < 4; j++) {
                p[2 + 4 * i + j] = (uint8_t)(low[j] | high[j] << 4);
            }
        }
    }
    return true;
}
