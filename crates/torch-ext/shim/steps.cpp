// The loops of a decoding step, compiled for each instruction set.

#include "number.h"

namespace {

// How many registers a panel's row of outputs takes, and how many rows of x are multiplied at once: their sums and a row
// of weights are held in registers.
constexpr int WIDE = LANES == 16 ? 4 : 2, TALL = LANES == 16 ? 6 : 5;
constexpr int64_t PANEL = WIDE * LANES;

// The scores of LANES keys, or of the first `count`.
template <typename W>
INLINE Lanes scores(const float* q, const W* keys, int64_t d, int64_t count) {
    Lanes sums[LANES] = {};
    each(d, [&](int64_t j, int64_t n) ALWAYS {
        Lanes part = load(q + j, n);
        for (int i = 0; i < LANES; i++) sums[i] += part * load(keys + (i < count ? i : 0) * d + j, n);
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
    void keep(const float* x, W* y, int64_t n) const override {
        each(n, [&](int64_t j, int64_t m) ALWAYS { store(y + j, load(x + j, m), m); });
    }

    int64_t panel() const override { return PANEL; }

    void pack(const float* w, W* to, int64_t in, int64_t begin, int64_t end) const override {
        for (int64_t o = begin; o < end; o++) {
            W* column = to + o / PANEL * PANEL * in + o % PANEL;
            each(in, [&](int64_t j, int64_t n) ALWAYS {
                W numbers[LANES];
                store(numbers, load(w + (o - begin) * in + j, n));
                for (int64_t i = 0; i < n; i++) column[(j + i) * PANEL] = numbers[i];
            });
        }
    }

    void linear(const float* x, const W* w, const float* b, float* y, int64_t n, int64_t in, int64_t out, int64_t begin,
                int64_t end) const override {
        int64_t panel = begin;
        for (; n == 1 && panel + 2 <= end && (panel + 2) * PANEL <= out; panel += 2) {
            tile<1, 2>(x, w + panel * PANEL * in, b + panel * PANEL, y + panel * PANEL, in, out, PANEL);
        }
        for (; panel < end; panel++) {
            int64_t first = panel * PANEL, outputs = out - first < PANEL ? out - first : PANEL;
            rows(x, w + first * in, b + first, y + first, n, in, out, outputs);
        }
    }

    void norm(float* x, const float* more, const float* w, const float* b, float eps, float* y, int64_t n, int64_t c) const override {
        for (int64_t row = 0; row < n; row++) {
            norm_row(x + row * c, more ? more + row * c : nullptr, w, b, eps, y + row * c, c);
        }
    }

    void activate(const float* x, const float* up, float* y, int64_t n, Act act) const override {
        each(n, [&](int64_t j, int64_t m) ALWAYS {
            Lanes value = activated(load(x + j, m), act);
            store(y + j, up ? value * load(up + j, m) : value, m);
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
        Lanes most = all(-INFINITY), total{};
        for (int64_t i = 0; i < count; i += LANES) {  // there is room for whole registers
            int64_t n = count - i < LANES ? count - i : LANES;
            Lanes found = scores(q, keys + i * d, d, n) * factor;
            store(room + i, found);
            most = larger(first(n, found, most), most);
        }
        float top = largest(most);
        for (int64_t i = 0; i < count; i += LANES) {
            int64_t n = count - i < LANES ? count - i : LANES;
            Lanes weight = first(n, exponential(load(room + i) - top));
            store(room + i, weight);
            total += weight;
        }
        float share = 1.0f / sum(total);
        for (int64_t j = 0; j < d; j += 4 * LANES) {
            int64_t columns = d - j < 4 * LANES ? d - j : 4 * LANES;
            weigh_some<4>(values + j, room, count, d, columns, share, y + j);
        }
    }

  private:
    // ROWS rows of x against some panels; of the last one, only the first outputs are there.
    template <int ROWS, int PANELS>
    static INLINE void tile(const float* x, const W* w, const float* b, float* y, int64_t in, int64_t out, int64_t outputs) {
        constexpr int ALL = PANELS * WIDE;
        Lanes sums[ROWS][ALL];
        for (int v = 0; v < ALL; v++) {
            for (int r = 0; r < ROWS; r++) sums[r][v] = load(b + v * LANES);
        }
        for (int64_t k = 0; k < in; k++) {
            Lanes weights[ALL];
            for (int v = 0; v < ALL; v++) weights[v] = load(w + v / WIDE * PANEL * in + k * PANEL + v % WIDE * LANES);
            for (int r = 0; r < ROWS; r++) {
                Lanes factor = all(x[r * in + k]);
                for (int v = 0; v < ALL; v++) sums[r][v] += factor * weights[v];
            }
        }
        for (int r = 0; r < ROWS; r++) {
            for (int v = 0; v < ALL; v++) {
                int64_t left = outputs - v % WIDE * LANES;
                if (left > 0) store(y + r * out + v * LANES, sums[r][v], left < LANES ? left : LANES);
            }
        }
    }

    // All rows of x against one panel.
    static void rows(const float* x, const W* w, const float* b, float* y, int64_t n, int64_t in, int64_t out, int64_t outputs) {
        int64_t r = 0;
        for (; r + TALL <= n; r += TALL) tile<TALL, 1>(x + r * in, w, b, y + r * out, in, out, outputs);
        rest<TALL - 1>(x + r * in, w, b, y + r * out, n - r, in, out, outputs);
    }

    template <int ROWS>
    static INLINE void rest(const float* x, const W* w, const float* b, float* y, int64_t n, int64_t in, int64_t out, int64_t outputs) {
        if (n == ROWS) return tile<ROWS, 1>(x, w, b, y, in, out, outputs);
        if constexpr (ROWS > 1) rest<ROWS - 1>(x, w, b, y, n, in, out, outputs);
    }

    static INLINE void norm_row(float* x, const float* more, const float* w, const float* b, float eps, float* y, int64_t c) {
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

    // y = share · Σ weight · value of so many columns, in four sums that do not wait for each other.
    template <int WIDTH>
    static INLINE void weigh(const W* values, const float* weights, int64_t count, int64_t d, int64_t columns, float share, float* y) {
        Lanes sums[4][WIDTH] = {};
        auto number = [&](int v) ALWAYS { return v + 1 < WIDTH ? LANES : columns - (WIDTH - 1) * LANES; };
        auto add = [&](int k, int64_t i) ALWAYS {
            Lanes weight = all(weights[i]);
            for (int v = 0; v < WIDTH; v++) sums[k][v] += load(values + i * d + v * LANES, number(v)) * weight;
        };
        int64_t i = 0;
        for (; i + 4 <= count; i += 4) {
            for (int k = 0; k < 4; k++) add(k, i + k);
        }
        for (; i < count; i++) add(0, i);
        for (int v = 0; v < WIDTH; v++) {
            Lanes all_of = (sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v]);
            store(y + v * LANES, all_of * share, number(v));
        }
    }

    // The same with as many registers as the columns take, at most WIDTH.
    template <int WIDTH>
    static INLINE void weigh_some(const W* values, const float* weights, int64_t count, int64_t d, int64_t columns, float share, float* y) {
        if constexpr (WIDTH > 1) {
            if (columns <= (WIDTH - 1) * LANES) return weigh_some<WIDTH - 1>(values, weights, count, d, columns, share, y);
        }
        weigh<WIDTH>(values, weights, count, d, columns, share, y);
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
