// The loops over rows and elements, compiled for each instruction set.

#include "number.h"

namespace {

template <typename T>
struct Own final : RowLoops<T> {
    void drop(const T* x, const T* residual, T* y, int64_t begin, int64_t end, Drop how) const override {
        each(end - begin, [&](int64_t j, int64_t n) ALWAYS {
            int64_t i = begin + j;
            Lanes part = dropout(load(x + i, n), i, how);
            store(y + i, residual ? load(residual + i, n) + part : part, n);
        });
    }

    void drop_relu(const T* x, T* y, int64_t begin, int64_t end, bool squared, Drop how) const override {
        each(end - begin, [&](int64_t j, int64_t n) ALWAYS {
            int64_t i = begin + j;
            Lanes value = load(x + i, n), positive = value < 0.0f ? Lanes{} : value;  // NaN stays NaN
            store(y + i, dropout(squared ? positive * positive : positive, i, how), n);
        });
    }

    void drop_relu_back(const T* g, const T* y, T* dx, int64_t begin, int64_t end, bool squared, float scale) const override {
        each(end - begin, [&](int64_t j, int64_t n) ALWAYS {
            int64_t i = begin + j;
            Lanes value = load(y + i, n), up = load(g + i, n) * scale, slope = squared ? up * 2.0f * root(value / scale) : up;
            store(dx + i, value > 0.0f ? slope : Lanes{}, n);
        });
    }

    void norm(const T* x, const T* residual, const float* w, const float* b, float eps, T* z, T* y, float* moments,
              float* room, int64_t begin, int64_t end, int64_t c, Drop how) const override {
        float share = 1.0f / static_cast<float>(c);
        for (int64_t row = begin; row < end; row++) {
            int64_t at = row * c;
            Lanes total{}, squares{};
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes value = load(x + at + j, n);
                if (residual) {
                    value = load(residual + at + j, n) + dropout(value, at + j, how);
                    store(z + at + j, value, n);
                }
                store(room + j, value, n);
                total += value;
            });
            float mean = sum(total) * share;
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes off = first(n, load(room + j, n) - mean);
                squares += off * off;
            });
            float inverse = 1.0f / std::sqrt(sum(squares) * share + eps);
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                store(y + at + j, (load(room + j, n) - mean) * inverse * load(w + j, n) + load(b + j, n), n);
            });
            moments[2 * row] = mean;
            moments[2 * row + 1] = inverse;
        }
    }

    void norm_back(const T* g, const T* z, const float* w, const float* moments, T* dz, T* dx, float* dw, float* db,
                   float* room, int64_t begin, int64_t end, int64_t c, Drop how) const override {
        float *unit = room, *slope = room + c, share = 1.0f / static_cast<float>(c);
        for (int64_t row = begin; row < end; row++) {
            int64_t at = row * c;
            float mean = moments[2 * row], inverse = moments[2 * row + 1];
            Lanes along{}, shift{};
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes own = (load(z + at + j, n) - mean) * inverse, up = load(g + at + j, n), steep = up * load(w + j, n);
                store(dw + j, load(dw + j, n) + up * own, n);
                store(db + j, load(db + j, n) + up, n);
                store(unit + j, own, n);
                store(slope + j, steep, n);
                along += steep * own;
                shift += steep;
            });
            float turn = sum(along) * share, lift = sum(shift) * share;
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes d = inverse * (load(slope + j, n) - lift - load(unit + j, n) * turn);
                store(dz + at + j, d, n);
                if (dx) store(dx + at + j, dropout(d, at + j, how), n);
            });
        }
    }

    void embed(const int64_t* ids, const float* tokens, const float* places, T* y, int64_t begin, int64_t end, int64_t t, int64_t c) const override {
        for (int64_t i = begin; i < end; i++) {
            const float *token = tokens + ids[i] * c, *place = places + i % t * c;
            each(c, [&](int64_t j, int64_t n) ALWAYS { store(y + i * c + j, load(token + j, n) + load(place + j, n), n); });
        }
    }

    void embed_back(const T* g, const int64_t* ids, float* tokens, float* places, int64_t n, int64_t t, int64_t c, int64_t begin, int64_t end) const override {
        for (int64_t i = 0; i < n; i++) {
            float *token = tokens + ids[i] * c + begin, *place = places + i % t * c + begin;
            each(end - begin, [&](int64_t j, int64_t count) ALWAYS {
                Lanes slope = load(g + i * c + begin + j, count);
                store(token + j, load(token + j, count) + slope, count);
                store(place + j, load(place + j, count) + slope, count);
            });
        }
    }

    void add_to_rows(const float* bias, T* y, int64_t begin, int64_t end, int64_t c) const override {
        for (int64_t row = begin; row < end; row++) {
            each(c, [&](int64_t j, int64_t n) ALWAYS { store(y + row * c + j, load(y + row * c + j, n) + load(bias + j, n), n); });
        }
    }

    void add_rows(const T* x, float* sums, int64_t begin, int64_t end, int64_t c) const override {
        for (int64_t row = begin; row < end; row++) {
            each(c, [&](int64_t j, int64_t n) ALWAYS { store(sums + j, load(sums + j, n) + load(x + row * c + j, n), n); });
        }
    }

    double cross_entropy(T* logits, const float* bias, const int64_t* targets, int64_t pad, float share, float* db,
                         float* row, int64_t begin, int64_t end, int64_t c) const override {
        double loss = 0.0;
        for (int64_t i = begin; i < end; i++) {
            T* z = logits + i * c;
            if (targets[i] == pad) {
                std::memset(z, 0, static_cast<size_t>(c) * sizeof(T));
                continue;
            }
            Lanes peak = all(-INFINITY), total{};
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes logit = load(z + j, n) + load(bias + j, n);
                store(row + j, logit, n);
                peak = first(n, larger(logit, peak), peak);
            });
            float most = largest(peak), target = row[targets[i]];
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes weight = first(n, exponential(load(row + j, n) - most));
                store(row + j, weight, n);
                total += weight;
            });
            float whole = sum(total), factor = share / whole;
            loss += static_cast<double>(std::log(whole)) + static_cast<double>(most) - static_cast<double>(target);
            row[targets[i]] -= whole;
            each(c, [&](int64_t j, int64_t n) ALWAYS {
                Lanes slope = load(row + j, n) * factor;
                store(db + j, load(db + j, n) + slope, n);
                store(z + j, slope, n);
            });
        }
        return loss * static_cast<double>(share);
    }

    void narrow(const float* x, T* y, int64_t begin, int64_t end) const override {
        each(end - begin, [&](int64_t j, int64_t n) ALWAYS { store(y + begin + j, load(x + begin + j, n), n); });
    }
};

const Own<float> floats;
const Own<Half> halves;

}  // namespace

template <>
const RowLoops<float>& row_loops_of<LANES, float>() {
    return floats;
}

template <>
const RowLoops<Half>& row_loops_of<LANES, Half>() {
    return halves;
}
