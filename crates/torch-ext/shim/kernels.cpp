#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// Plain loops, compiled for several instruction sets; the loader takes the best that the machine has.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EACH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EACH
#endif
#define INLINE inline __attribute__((always_inline))

namespace {

// Wellons' lowbias32: a bijection of 32 bits with an avalanche bias of 0.17.
INLINE uint32_t mixed(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// 0 for a dropped element, else the scale.
INLINE float kept(uint32_t i, const Drop& how) {
    return mixed(mixed(i + how.first) ^ how.second) < how.bound ? 0.0f : how.scale;
}

// e^x for x ≤ 0, to 2 units in the last place: Cody and Waite's reduction, a Taylor polynomial of degree 7.
INLINE float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    float n = std::floor(x * 1.44269504f + 0.5f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

}  // namespace

EACH void drop(const float* x, const float* residual, float* y, int64_t begin, int64_t end, Drop how) {
    if (residual) {
        for (int64_t i = begin; i < end; i++) y[i] = residual[i] + x[i] * kept(static_cast<uint32_t>(i), how);
    } else {
        for (int64_t i = begin; i < end; i++) y[i] = x[i] * kept(static_cast<uint32_t>(i), how);
    }
}

EACH void drop_relu(const float* x, float* y, int64_t begin, int64_t end, Drop how) {
    for (int64_t i = begin; i < end; i++) {
        float positive = x[i] < 0.0f ? 0.0f : x[i];  // NaN stays NaN
        y[i] = positive * kept(static_cast<uint32_t>(i), how);
    }
}

EACH void drop_relu_back(const float* g, const float* y, float* dx, int64_t begin, int64_t end, float scale) {
    for (int64_t i = begin; i < end; i++) dx[i] = y[i] > 0.0f ? g[i] * scale : 0.0f;
}

EACH void softmax(const float* scores, float* p, float* dropped, int64_t begin, int64_t end, int64_t t, float factor, Drop how) {
    for (int64_t row = begin; row < end; row++) {
        const float* s = scores + row * t;
        float *out = p + row * t, *kept_out = dropped + row * t;
        int64_t seen = row % t + 1;
        float most = s[0];
        for (int64_t j = 1; j < seen; j++) most = s[j] > most ? s[j] : most;
        float sum = 0.0f;
        for (int64_t j = 0; j < seen; j++) out[j] = exponential((s[j] - most) * factor);
        for (int64_t j = 0; j < seen; j++) sum += out[j];
        float share = 1.0f / sum;
        uint32_t at = static_cast<uint32_t>(row * t);
        for (int64_t j = 0; j < seen; j++) {
            out[j] *= share;
            kept_out[j] = out[j] * kept(at + static_cast<uint32_t>(j), how);
        }
        for (int64_t j = seen; j < t; j++) out[j] = kept_out[j] = 0.0f;
    }
}

EACH void softmax_back(const float* g, const float* p, float* d, int64_t begin, int64_t end, int64_t t, float factor, Drop how) {
    for (int64_t row = begin; row < end; row++) {
        const float *grad = g + row * t, *prob = p + row * t;
        float* out = d + row * t;
        int64_t seen = row % t + 1;
        uint32_t at = static_cast<uint32_t>(row * t);
        for (int64_t j = 0; j < seen; j++) out[j] = grad[j] * kept(at + static_cast<uint32_t>(j), how);
        float mean = 0.0f;
        for (int64_t j = 0; j < seen; j++) mean += out[j] * prob[j];
        for (int64_t j = 0; j < seen; j++) out[j] = prob[j] * (out[j] - mean) * factor;
        for (int64_t j = seen; j < t; j++) out[j] = 0.0f;
    }
}
