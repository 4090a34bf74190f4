#include "rows.h"

namespace {

template <typename T>
INLINE void drop_of(const T* x, const T* residual, T* y, int64_t begin, int64_t end, const Drop& how) {
    if (residual) {
        for (int64_t i = begin; i < end; i++) put(y[i], wide(residual[i]) + wide(x[i]) * kept(static_cast<uint32_t>(i), how));
    } else {
        for (int64_t i = begin; i < end; i++) put(y[i], wide(x[i]) * kept(static_cast<uint32_t>(i), how));
    }
}

template <typename T>
INLINE void relu_of(const T* x, T* y, int64_t begin, int64_t end, bool squared, const Drop& how) {
    for (int64_t i = begin; i < end; i++) {
        float value = wide(x[i]);
        float positive = value < 0.0f ? 0.0f : value;  // NaN stays NaN
        put(y[i], (squared ? positive * positive : positive) * kept(static_cast<uint32_t>(i), how));
    }
}

template <typename T>
INLINE void relu_back_of(const T* g, const T* y, T* dx, int64_t begin, int64_t end, bool squared, float scale) {
    for (int64_t i = begin; i < end; i++) {
        float value = wide(y[i]), slope = squared ? 2.0f * std::sqrt(value * scale) : scale;
        put(dx[i], value > 0.0f ? wide(g[i]) * slope : 0.0f);
    }
}

template <typename T>
INLINE void norm_of(const T* x, const T* residual, const float* w, const float* b, float eps, T* z, T* y, float* moments,
                    float* room, int64_t begin, int64_t end, int64_t c, const Drop& how) {
    for (int64_t row = begin; row < end; row++) {
        auto at = static_cast<uint32_t>(row * c);
        const T* in = x + row * c;
        for (int64_t j = 0; j < c; j++) room[j] = wide(in[j]);
        if (residual) {
            const T* rest = residual + row * c;
            for (int64_t j = 0; j < c; j++) room[j] = wide(rest[j]) + room[j] * kept(at + static_cast<uint32_t>(j), how);
            for (int64_t j = 0; j < c; j++) put(z[row * c + j], room[j]);
        }
        float mean = sum(c, [&](int64_t j) ALWAYS { return room[j]; }) / static_cast<float>(c);
        for (int64_t j = 0; j < c; j++) room[j] -= mean;
        float variance = sum(c, [&](int64_t j) ALWAYS { return room[j] * room[j]; }) / static_cast<float>(c);
        float inverse = 1.0f / std::sqrt(variance + eps);
        T* out = y + row * c;
        for (int64_t j = 0; j < c; j++) put(out[j], room[j] * inverse * w[j] + b[j]);
        moments[2 * row] = mean;
        moments[2 * row + 1] = inverse;
    }
}

template <typename T>
INLINE void norm_back_of(const T* g, const T* z, const float* w, const float* moments, T* dz, T* dx, float* dw, float* db,
                         float* room, int64_t begin, int64_t end, int64_t c, const Drop& how) {
    float *unit = room, *slope = room + c;
    for (int64_t row = begin; row < end; row++) {
        const T *grad = g + row * c, *in = z + row * c;
        float mean = moments[2 * row], inverse = moments[2 * row + 1];
        for (int64_t j = 0; j < c; j++) {
            float along = (wide(in[j]) - mean) * inverse, up = wide(grad[j]);
            dw[j] += up * along;
            db[j] += up;
            unit[j] = along;
            slope[j] = up * w[j];
        }
        float along = sum(c, [&](int64_t j) ALWAYS { return slope[j] * unit[j]; }) / static_cast<float>(c);
        float shift = sum(c, [&](int64_t j) ALWAYS { return slope[j]; }) / static_cast<float>(c);
        T* out = dz + row * c;
        for (int64_t j = 0; j < c; j++) put(out[j], inverse * (slope[j] - shift - unit[j] * along));
        if (dx) drop_of(dz, static_cast<const T*>(nullptr), dx, row * c, row * c + c, how);
    }
}

template <typename T>
INLINE double cross_entropy_of(T* logits, const float* bias, const int64_t* targets, int64_t pad, float share, float* db,
                               float* row, int64_t begin, int64_t end, int64_t c) {
    double loss = 0.0;
    for (int64_t i = begin; i < end; i++) {
        T* z = logits + i * c;
        if (targets[i] == pad) {
            for (int64_t j = 0; j < c; j++) put(z[j], 0.0f);
            continue;
        }
        for (int64_t j = 0; j < c; j++) row[j] = wide(z[j]) + bias[j];
        float most = largest(row, c), target = row[targets[i]];
        for (int64_t j = 0; j < c; j++) row[j] = exponential(row[j] - most);
        float total = sum(c, [&](int64_t j) ALWAYS { return row[j]; });
        loss += static_cast<double>(std::log(total)) + static_cast<double>(most) - static_cast<double>(target);
        float factor = share / total;
        for (int64_t j = 0; j < c; j++) row[j] *= factor;
        row[targets[i]] -= share;
        for (int64_t j = 0; j < c; j++) {
            db[j] += row[j];
            put(z[j], row[j]);
        }
    }
    return loss * static_cast<double>(share);
}

}  // namespace

#define FOR_BOTH(T)                                                                                                     \
    EACH void drop(const T* x, const T* residual, T* y, int64_t begin, int64_t end, Drop how) {                         \
        drop_of(x, residual, y, begin, end, how);                                                                       \
    }                                                                                                                   \
    EACH void drop_relu(const T* x, T* y, int64_t begin, int64_t end, bool squared, Drop how) {                         \
        relu_of(x, y, begin, end, squared, how);                                                                        \
    }                                                                                                                   \
    EACH void drop_relu_back(const T* g, const T* y, T* dx, int64_t begin, int64_t end, bool squared, float scale) {    \
        relu_back_of(g, y, dx, begin, end, squared, scale);                                                             \
    }                                                                                                                   \
    EACH void norm(const T* x, const T* residual, const float* w, const float* b, float eps, T* z, T* y,                \
                   float* moments, float* room, int64_t begin, int64_t end, int64_t c, Drop how) {                      \
        norm_of(x, residual, w, b, eps, z, y, moments, room, begin, end, c, how);                                             \
    }                                                                                                                   \
    EACH void norm_back(const T* g, const T* z, const float* w, const float* moments, T* dz, T* dx, float* dw,          \
                        float* db, float* room, int64_t begin, int64_t end, int64_t c, Drop how) {                                   \
        norm_back_of(g, z, w, moments, dz, dx, dw, db, room, begin, end, c, how);                                             \
    }                                                                                                                   \
    EACH double cross_entropy(T* logits, const float* bias, const int64_t* targets, int64_t pad, float share,           \
                              float* db, float* row, int64_t begin, int64_t end, int64_t c) {                           \
        return cross_entropy_of(logits, bias, targets, pad, share, db, row, begin, end, c);                             \
    }

FOR_BOTH(float)
FOR_BOTH(Half)
