// Attention's loops, compiled for each instruction set.

#include <algorithm>

#include "number.h"

namespace {

constexpr int64_t BLOCK = 32;  // rows at a time

INLINE int64_t padded(int64_t n) {
    return (n + 15) / 16 * 16;
}

// A matrix whose element (i, j) lies at i · row + j · column.
struct View {
    const float* at;
    int64_t row, column;
};

// 4 rows and W · LANES columns of C = A B, or C += A B; k from `from` to `to`.
template <int W>
INLINE void tile(View a, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t from, int64_t to, bool add) {
    Lanes sums[4][W];
    for (int r = 0; r < 4; r++) {
        for (int w = 0; w < W; w++) sums[r][w] = add ? load(c + r * ldc + LANES * w) : Lanes{};
    }
    for (int64_t k = from; k < to; k++) {
        for (int w = 0; w < W; w++) {
            Lanes row = load(b + k * ldb + LANES * w);
            for (int r = 0; r < 4; r++) sums[r][w] += a.at[r * a.row + k * a.column] * row;
        }
    }
    for (int r = 0; r < 4; r++) {
        for (int w = 0; w < W; w++) store(c + r * ldc + LANES * w, sums[r][w]);
    }
}

// C (m, n) = A (m, k) B (k, n), or C += A B. All have room for m up to a multiple of 4 and n up to one of 16. Of k,
// row i takes part(i): an interval that must hold for the three rows after it, too.
template <typename F>
INLINE void product(View a, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t m, int64_t n, bool add, F&& part) {
    for (int64_t i = 0; i < m; i += 4) {
        auto [from, to] = part(i);
        View rows{a.at + i * a.row, a.row, a.column};
        int64_t j = 0;
        for (; j + 2 * LANES <= padded(n); j += 2 * LANES) tile<2>(rows, b + j, ldb, c + i * ldc + j, ldc, from, to, add);
        for (; j < n; j += LANES) tile<1>(rows, b + j, ldb, c + i * ldc + j, ldc, from, to, add);
    }
}

struct Part {
    int64_t from, to;
};

// Rooms for T × D and D × T numbers and for blocks of rows of D and T.
struct Rooms {
    int64_t tall, flat, block;  // their row lengths: D, T and T, padded
    float *q, *k, *v, *kt, *vt, *g, *dk, *dv, *out, *scores, *slopes, *weights;

    INLINE Rooms(float* room, int64_t t, int64_t d) : tall(padded(d)), flat(padded(t)), block(padded(t)) {
        int64_t matrix = padded(t) * padded(d), rows = BLOCK * padded(t);
        float** matrices[] = {&q, &k, &v, &kt, &vt, &g, &dk, &dv};
        for (float** one : matrices) *one = room, room += matrix;
        out = room, room += BLOCK * padded(d);
        scores = room, room += rows;
        slopes = room, room += rows;
        weights = room;
    }

    INLINE float* row(int64_t i) const { return scores + i * block; }
    INLINE float* slope(int64_t i) const { return slopes + i * block; }
    INLINE float* weight(int64_t i) const { return weights + i * block; }
};

template <typename T>
INLINE void read(const T* from, int64_t stride, int64_t t, int64_t d, float* to, int64_t row) {
    for (int64_t i = 0; i < t; i++) {
        each(d, [&](int64_t j, int64_t n) ALWAYS { store(to + i * row + j, load(from + i * stride + j, n)); });
    }
}

// LANES rows across, one bit of their numbers' places after another.
template <int BIT = 1>
INLINE void transpose(Lanes* rows) {
    if constexpr (BIT < LANES) {
        for (int i = 0; i < LANES; i++) {
            if ((i & BIT) == 0) exchange<BIT>(rows[i], rows[i + BIT], Order{});
        }
        transpose<2 * BIT>(rows);
    }
}

// (t, d) → (d, t), both with room up to multiples of 16.
INLINE void turn(const float* from, int64_t row, int64_t t, int64_t d, float* to, int64_t turned) {
    for (int64_t i0 = 0; i0 < t; i0 += LANES) {
        for (int64_t j0 = 0; j0 < d; j0 += LANES) {
            Lanes rows[LANES];
            for (int i = 0; i < LANES; i++) rows[i] = load(from + (i0 + i) * row + j0);
            transpose(rows);
            for (int i = 0; i < LANES; i++) store(to + (j0 + i) * turned + i0, rows[i]);
        }
    }
}

template <typename T>
INLINE void write(const float* from, int64_t row, int64_t t, int64_t d, T* to, int64_t stride) {
    for (int64_t i = 0; i < t; i++) {
        each(d, [&](int64_t j, int64_t n) ALWAYS { store(to + i * stride + j, load(from + i * row + j), n); });
    }
}

// Some rows of the scores: they see the first `seen` keys, each up to its own.
struct Block {
    const Rooms& at;
    const Head& head;
    Drop how;
    int64_t from, rows, seen;

    INLINE Block(const Rooms& at, const Head& head, Drop how, int64_t from)
        : at(at), head(head), how(how), from(from), rows(std::min(BLOCK, head.t - from)), seen(from + rows) {}

    INLINE int64_t own(int64_t i) const { return from + i + 1; }
    INLINE int64_t place(int64_t i) const { return head.first + (from + i) * head.t; }

    // C (rows, seen) = A (rows, D) B (D, seen), of which A's rows lie among T.
    INLINE void against_keys(const float* a, const float* b, float* c) const {
        auto all = [&](int64_t) ALWAYS { return Part{0, head.d}; };
        product({a + from * at.tall, at.tall, 1}, b, at.flat, c, at.block, rows, seen, false, all);
    }

    // out (rows, D) = weights (rows, seen) B (seen, D).
    INLINE void over_keys(const float* weights, const float* b) const {
        auto past = [&](int64_t i) ALWAYS { return Part{0, std::min(from + i + 4, seen)}; };
        product({weights, at.block, 1}, b, at.tall, at.out, at.tall, rows, head.d, false, past);
    }

    // C (seen, D) += weights' (seen, rows) B (rows, D), of which B's rows lie among T.
    INLINE void over_rows(const float* weights, const float* b, float* c) const {
        auto later = [&](int64_t j) ALWAYS { return Part{std::max<int64_t>(j - from, 0), rows}; };
        product({weights, 1, at.block}, b + from * at.tall, at.tall, c, at.tall, seen, head.d, true, later);
    }

    // The scores become weights, of which some are dropped. A pass over all rows a step, for the steps of one row wait
    // for one another.
    INLINE void weigh(float* sums) const {
        float peaks[BLOCK], totals[BLOCK];
        for (int64_t i = 0; i < rows; i++) peaks[i] = peak(i);
        for (int64_t i = 0; i < rows; i++) totals[i] = raise(i, peaks[i]);
        for (int64_t i = 0; i < rows; i++) share(i, 1.0f / totals[i]);
        for (int64_t i = 0; i < rows; i++) sums[from + i] = std::log(totals[i]) + peaks[i] * head.factor;
    }

    INLINE float peak(int64_t i) const {
        Lanes peak = all(-INFINITY);
        for (int64_t j = 0; j < own(i); j += LANES) peak = first(own(i) - j, larger(load(at.row(i) + j), peak), peak);
        return largest(peak);
    }

    INLINE float raise(int64_t i, float peak) const {
        Lanes total{};
        for (int64_t j = 0; j < seen; j += LANES) {
            Lanes weight = first(own(i) - j, exponential((load(at.row(i) + j) - peak) * head.factor));
            store(at.row(i) + j, weight);
            total += weight;
        }
        return sum(total);
    }

    INLINE void share(int64_t i, float share) const {
        for (int64_t j = 0; j < own(i); j += LANES) store(at.row(i) + j, dropout(load(at.row(i) + j) * share, place(i) + j, how));
    }

    // The scores become weights, of which some are dropped; the slopes of the weights that are left, those of the scores.
    INLINE void weigh_back(const float* sums) const {
        float totals[BLOCK];
        for (int64_t i = 0; i < rows; i++) totals[i] = recall(i, sums[from + i]);
        for (int64_t i = 0; i < rows; i++) level(i, totals[i]);
    }

    // The sum of weight · slope, too.
    INLINE float recall(int64_t i, float sum_of_all) const {
        Lanes total{};
        for (int64_t j = 0; j < seen; j += LANES) {
            Lanes weight = first(own(i) - j, exponential(load(at.row(i) + j) * head.factor - sum_of_all));
            Lanes left = dropout(weight, place(i) + j, how), slope = first(own(i) - j, load(at.slope(i) + j) * left);
            store(at.weight(i) + j, weight);
            store(at.row(i) + j, left);
            store(at.slope(i) + j, slope);
            total += slope;
        }
        return sum(total);
    }

    // The slope of a score is weight · (slope of the weight − mean), the mean taken over all weights.
    INLINE void level(int64_t i, float mean) const {
        for (int64_t j = 0; j < seen; j += LANES) {
            store(at.slope(i) + j, (load(at.slope(i) + j) - load(at.weight(i) + j) * mean) * head.factor);
        }
    }
};

template <typename T>
struct Own final : HeadLoops<T> {
    int64_t room(int64_t t, int64_t d) const override {
        return 8 * padded(t) * padded(d) + BLOCK * (padded(d) + 3 * padded(t));
    }

    void attention(const T* qkv, T* y, float* sums, float* room, Head head, Drop how) const override {
        Rooms at(room, head.t, head.d);
        read_all(qkv, at, head);
        turn(at.k, at.tall, head.t, head.d, at.kt, at.flat);
        for (int64_t from = 0; from < head.t; from += BLOCK) {
            Block block(at, head, how, from);
            block.against_keys(at.q, at.kt, at.scores);
            block.weigh(sums);
            block.over_keys(at.scores, at.v);
            write(at.out, at.tall, block.rows, head.d, y + from * head.width, head.width);
        }
    }

    void attention_back(const T* g, const T* qkv, const float* sums, T* dqkv, float* room, Head head, Drop how) const override {
        Rooms at(room, head.t, head.d);
        read_all(qkv, at, head);
        read(g, head.width, head.t, head.d, at.g, at.tall);
        turn(at.k, at.tall, head.t, head.d, at.kt, at.flat);
        turn(at.v, at.tall, head.t, head.d, at.vt, at.flat);
        std::memset(at.dk, 0, static_cast<size_t>(padded(head.t) * at.tall) * sizeof(float));
        std::memset(at.dv, 0, static_cast<size_t>(padded(head.t) * at.tall) * sizeof(float));
        for (int64_t from = 0; from < head.t; from += BLOCK) {
            Block block(at, head, how, from);
            block.against_keys(at.q, at.kt, at.scores);
            block.against_keys(at.g, at.vt, at.slopes);
            block.weigh_back(sums);
            block.over_keys(at.slopes, at.k);
            write(at.out, at.tall, block.rows, head.d, dqkv + from * head.stride, head.stride);
            block.over_rows(at.scores, at.g, at.dv);
            block.over_rows(at.slopes, at.q, at.dk);
        }
        write(at.dk, at.tall, head.t, head.d, dqkv + head.width, head.stride);
        write(at.dv, at.tall, head.t, head.d, dqkv + 2 * head.width, head.stride);
    }

  private:
    static INLINE void read_all(const T* qkv, const Rooms& at, const Head& head) {
        read(qkv, head.stride, head.t, head.d, at.q, at.tall);
        read(qkv + head.width, head.stride, head.t, head.d, at.k, at.tall);
        read(qkv + 2 * head.width, head.stride, head.t, head.d, at.v, at.tall);
    }
};

const Own<float> floats;
const Own<Half> halves;

}  // namespace

template <>
const HeadLoops<float>& head_loops_of<LANES, float>() {
    return floats;
}

template <>
const HeadLoops<Half>& head_loops_of<LANES, Half>() {
    return halves;
}
