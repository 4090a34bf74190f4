// The loops of a decoding step, compiled for each instruction set.

#include "number.h"

namespace {

// ROWS rows of x against OUTPUTS of w, which LANES sums are made of; `x` and `w` point to the first of each.
template <int ROWS, int OUTPUTS, typename W>
INLINE Lanes products(const float* x, const W* w, int64_t in, int64_t rows, int64_t outputs) {
    static_assert(ROWS * OUTPUTS == LANES);
    const float* from[ROWS];
    const W* weight[OUTPUTS];
    for (int r = 0; r < ROWS; r++) from[r] = x + (r < rows ? r : rows - 1) * in;  // what is computed twice is not stored
    for (int o = 0; o < OUTPUTS; o++) weight[o] = w + (o < outputs ? o : outputs - 1) * in;
    Lanes sums[LANES] = {};
    each(in, [&](int64_t j, int64_t n) ALWAYS {
        Lanes part[ROWS];
        for (int r = 0; r < ROWS; r++) part[r] = load(from[r] + j, n);
        for (int o = 0; o < OUTPUTS; o++) {
            Lanes factor = load(weight[o] + j, n);
            for (int r = 0; r < ROWS; r++) sums[r * OUTPUTS + o] += part[r] * factor;
        }
    });
    return sums_of(sums);
}

INLINE Lanes sigmoid(Lanes x) {
    Lanes e = exponential(x < 0.0f ? x : -x), inverse = 1.0f / (1.0f + e);
    return x < 0.0f ? e * inverse : inverse;
}

// x Φ(x), in libm's precision.
INLINE Lanes gelu(Lanes x) {
    for (int l = 0; l < LANES; l++) x[l] *= 0.5f * (1.0f + std::erf(x[l] * 0.707106781f));
    return x;
}

INLINE Lanes activated(Lanes x, Act act) {
    Lanes positive = x < 0.0f ? Lanes{} : x;  // NaN stays NaN
    switch (act) {
        case Act::Relu: return positive;
        case Act::Relu2: return positive * positive;
        case Act::Gelu: return gelu(x);
        case Act::GeluTanh: return x * sigmoid(1.59576912f * (x + 0.044715f * x * x * x));  // ½ (1 + tanh u) is σ(2u)
        default: return x * sigmoid(x);
    }
}

template <typename W>
struct Own final : StepLoops<W> {
    void add(const W* x, float* y, int64_t n) const override {
        each(n, [&](int64_t j, int64_t m) ALWAYS { store(y + j, load(y + j, m) + load(x + j, m), m); });
    }

    void keep(const float* x, W* y, int64_t n) const override {
        each(n, [&](int64_t j, int64_t m) ALWAYS { store(y + j, load(x + j, m), m); });
    }

    void linear(const float* x, const W* w, const W* b, float* y, int64_t n, int64_t in, int64_t out, int64_t begin,
                int64_t end) const override {
        if (n == 1) return tiles<1, LANES>(x, w, b, y, n, in, out, begin, end);
        tiles<4, LANES / 4>(x, w, b, y, n, in, out, begin, end);
    }

    void norm(float* x, const float* more, const W* w, const W* b, float eps, float* y, int64_t n, int64_t c) const override {
        for (int64_t row = 0; row < n; row++) {
            norm_row(x + row * c, more ? more + row * c : nullptr, w, b, eps, y + row * c, c);
        }
    }

    void activate(float* x, const float* up, int64_t n, Act act) const override {
        each(n, [&](int64_t j, int64_t m) ALWAYS {
            Lanes value = activated(load(x + j, m), act);
            store(x + j, up ? value * load(up + j, m) : value, m);
        });
    }

    void rotate(float* x, const float* cosines, const float* sines, int64_t n, int64_t d) const override {
        int64_t half = d / 2;
        for (int64_t head = 0; head < n; head++) {
            float *low = x + head * d, *high = low + half;
            each(half, [&](int64_t j, int64_t m) ALWAYS {
                Lanes a = load(low + j, m), b = load(high + j, m), cosine = load(cosines + j, m), sine = load(sines + j, m);
                store(low + j, a * cosine - b * sine, m);
                store(high + j, b * cosine + a * sine, m);
            });
        }
    }

    void attend(const float* q, const W* keys, const W* values, float* y, float* room, int64_t count, int64_t d,
                float factor) const override {
        Lanes most = all(-INFINITY);
        each(count, [&](int64_t i, int64_t n) ALWAYS {
            Lanes scores = products<1, LANES>(q, keys + i * d, d, 1, n) * factor;
            store(room + i, scores, n);
            most = larger(first(n, scores, most), most);
        });
        float top = largest(most);
        Lanes total{};
        each(count, [&](int64_t i, int64_t n) ALWAYS {
            Lanes weight = first(n, exponential(load(room + i, n) - top));
            store(room + i, weight, n);
            total += weight;
        });
        float share = 1.0f / sum(total);
        each(d, [&](int64_t j, int64_t n) ALWAYS { store(y + j, weighted(values + j, room, count, d, n) * share, n); });
    }

  private:
    template <int ROWS, int OUTPUTS>
    static INLINE void tiles(const float* x, const W* w, const W* b, float* y, int64_t n, int64_t in, int64_t out, int64_t begin,
                             int64_t end) {
        for (int64_t o = begin; o < end; o += OUTPUTS) {
            int64_t outputs = end - o < OUTPUTS ? end - o : OUTPUTS;
            Lanes bias = b ? load(b + o, outputs) : Lanes{};
            for (int64_t r = 0; r < n; r += ROWS) {
                int64_t rows = n - r < ROWS ? n - r : ROWS;
                float sums[LANES], added[LANES];
                store(sums, products<ROWS, OUTPUTS>(x + r * in, w + o * in, in, rows, outputs));
                store(added, bias);
                for (int64_t i = 0; i < rows; i++) {
                    for (int64_t k = 0; k < outputs; k++) y[(r + i) * out + o + k] = sums[i * OUTPUTS + k] + added[k];
                }
            }
        }
    }

    static INLINE void norm_row(float* x, const float* more, const W* w, const W* b, float eps, float* y, int64_t c) {
        float share = 1.0f / static_cast<float>(c);
        Lanes total{}, squares{};
        each(c, [&](int64_t j, int64_t n) ALWAYS {
            Lanes value = load(x + j, n);
            if (more) store(x + j, value += load(more + j, n), n);
            total += value;
        });
        float mean = b ? sum(total) * share : 0.0f;
        each(c, [&](int64_t j, int64_t n) ALWAYS {
            Lanes off = first(n, load(x + j, n) - mean);
            squares += off * off;
        });
        float inverse = 1.0f / std::sqrt(sum(squares) * share + eps);
        each(c, [&](int64_t j, int64_t n) ALWAYS {
            Lanes value = (load(x + j, n) - mean) * inverse * load(w + j, n);
            store(y + j, b ? value + load(b + j, n) : value, n);
        });
    }

    // Σ weight · value of n columns, in four sums that do not wait for each other.
    static INLINE Lanes weighted(const W* values, const float* weights, int64_t count, int64_t d, int64_t n) {
        Lanes sums[4] = {};
        int64_t i = 0;
        for (; i + 4 <= count; i += 4) {
            for (int k = 0; k < 4; k++) sums[k] += load(values + (i + k) * d, n) * weights[i + k];
        }
        for (; i < count; i++) sums[0] += load(values + i * d, n) * weights[i];
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
};

const Own<float> floats;
const Own<Half> halves;

}  // namespace

template <>
const StepLoops<float>& step_loops_of<LANES, float>() {
    return floats;
}

template <>
const StepLoops<Half>& step_loops_of<LANES, Half>() {
    return halves;
}
