// Scalar functions: binary16, sine and cosine in double precision.

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

static float float_from_bits(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t float_to_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

float csk_from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t rest = (uint32_t)(half & 0x7FFFu) << 13;
    if (rest >= 0x0F800000u) {
        return float_from_bits(sign | rest | 0x7F800000u);
    }
    // Moves the exponent's bias by 112; exact for subnormals too.
    return float_from_bits(sign | float_to_bits(float_from_bits(rest) * 0x1p112f));
}

uint16_t csk_to_half(float value) {
    uint32_t bits = float_to_bits(value);
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t rest = bits & 0x7FFFFFFFu;
    if (rest > 0x7F800000u) {
        return (uint16_t)(sign | 0x7E00u);
    }
    if (rest > 0x477FE000u) {
        rest = 0x477FE000u;
    }
    uint32_t half;
    if (rest < 0x38800000u) {
        // Subnormal: adding 0.5 lets the addition round at the right place.
        half = float_to_bits(float_from_bits(rest) + 0.5f) - 0x3F000000u;
    } else {
        half = (rest + 0xFFFu + ((rest >> 13) & 1u) - 0x38000000u) >> 13;
    }
    return (uint16_t)(sign | half);
}

// Nearest integer as a double, for |x| < 2^51.
static double nearest(double x) {
    return (x + 0x1.8p52) - 0x1.8p52;
}

void csk_sincos(double x, double *sine, double *cosine) {
    // x = n pi/2 + r with |r| <= pi/4; pi/2 in three parts, the products with the first two are exact for |n| < 2^20.
    double n = nearest(x * 0x1.45f306dc9c883p-1);
    double r = ((x - n * 0x1.921fb54400000p0) - n * 0x1.0b4611a600000p-34) - n * 0x1.3198a2e037073p-69;
    double square = r * r;
    double s = 1.0;
    double c = 1.0;
    for (int k = 18; k >= 2; k -= 2) {
        s = 1.0 - s * square / (double)(k * (k + 1));
        c = 1.0 - c * square / (double)(k * (k - 1));
    }
    s *= r;
    switch ((int64_t)n & 3) {
    case 0:
        *sine = s;
        *cosine = c;
        break;
    case 1:
        *sine = c;
        *cosine = -s;
        break;
    case 2:
        *sine = -s;
        *cosine = -c;
        break;
    default:
        *sine = -c;
        *cosine = s;
        break;
    }
}
