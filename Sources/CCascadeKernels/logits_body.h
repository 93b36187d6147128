// Passes over a row of logits. Any length: a short last vector is filled up with a value that changes nothing.
#pragma once

#include "layer_body.h"

// The 16 elements from i on, those behind the end replaced by `fill`.
CSK_INLINE f32x16 load_tail(const float *x, size_t n, size_t i, float fill) {
    if (i + 16 <= n) {
        return load_f32(x + i);
    }
    f32x16 v = splat_f32(fill);
    __builtin_memcpy(&v, x + i, (n - i) * sizeof *x);
    return v;
}

static bool maximum(const float *x, size_t n, float *result) {
    f32x16 largest = splat_f32(x[0]);
    i32x16 finite = splat_i32(-1);
    for (size_t i = 0; i < n; i += 16) {
        f32x16 v = load_tail(x, n, i, x[0]);
        largest = larger(v, largest);
        finite &= (v - v) == splat_f32(0);
    }
    *result = max_f32(largest);
    return __builtin_reduce_and(finite) == -1;
}

static double exp_sum(const float *x, size_t n, float shift, float scale, float *out) {
    f64x16 sum = {0};
    f32x16 factor = splat_f32(scale);
    for (size_t i = 0; i < n; i += 16) {
        f32x16 e = exp_f32((load_tail(x, n, i, -3e38f) - splat_f32(shift)) * factor);
        sum += __builtin_convertvector(e, f64x16);
        if (out) {
            __builtin_memcpy(out + i, &e, (n - i < 16 ? n - i : 16) * sizeof *out);
        }
    }
    return sum_f64(sum);
}

static double exp_moment(const float *x, size_t n, float shift) {
    f64x16 sum = {0};
    for (size_t i = 0; i < n; i += 16) {
        f32x16 v = load_tail(x, n, i, shift) - splat_f32(shift);
        f32x16 e = exp_f32(v);
        sum += __builtin_convertvector(e, f64x16) * __builtin_convertvector(v, f64x16);
    }
    return sum_f64(sum);
}

static void strip_maxima(const float *x, size_t n, size_t strip, float *out) {
    for (size_t begin = 0; begin < n; begin += strip) {
        size_t end = n - begin < strip ? n : begin + strip;
        f32x16 largest = splat_f32(x[begin]);
        for (size_t i = begin; i < end; i += 16) {
            largest = larger(load_tail(x, end, i, x[begin]), largest);
        }
        *out++ = max_f32(largest);
    }
}

static size_t indices_at_least(const float *x, size_t n, float threshold, uint32_t *out, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < n; i += 16) {
        size_t end = n - i < 16 ? n : i + 16;
        i32x16 found = load_tail(x, n, i, x[i]) >= splat_f32(threshold);
        if (__builtin_reduce_or(found) == 0) {
            continue;
        }
        for (size_t j = i; j < end; j++) {
            if (x[j] >= threshold) {
                if (count < capacity) {
                    out[count] = (uint32_t)j;
                }
                count++;
            }
        }
    }
    return count;
}

#define CSK_TABLE(NAME)                                                                                                \
    {                                                                                                                  \
        .name = NAME,                                                                                                  \
        .matmul = matmul,                                                                                              \
        .quantise = quantise,                                                                                          \
        .round_to_half = round_to_half,                                                                                \
        .rms_norm = rms_norm,                                                                                          \
        .silu_multiply = silu_multiply,                                                                                \
        .rotate = rotate,                                                                                              \
        .store_keys = store_keys,                                                                                      \
        .store_values = store_values,                                                                                  \
        .attend = attend,                                                                                              \
        .maximum = maximum,                                                                                            \
        .exp_sum = exp_sum,                                                                                            \
        .exp_moment = exp_moment,                                                                                      \
        .strip_maxima = strip_maxima,                                                                                  \
        .indices_at_least = indices_at_least,                                                                          \
    }
