#include "heads.h"

#include <algorithm>

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

// `rows` (4 at most) times `W` vectors of 16 columns of C = A B, or C += A B; k from `from` to `to`.
template <int W>
INLINE void tile(View a, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t from, int64_t to, bool add) {
    Lanes sums[4][W];
    for (int r = 0; r < 4; r++) {
        for (int w = 0; w < W; w++) sums[r][w] = add ? load(c + r * ldc + 16 * w) : Lanes{};
    }
    for (int64_t k = from; k < to; k++) {
        for (int w = 0; w < W; w++) {
            Lanes row = load(b + k * ldb + 16 * w);
            for (int r = 0; r < 4; r++) sums[r][w] += a.at[r * a.row + k * a.column] * row;
        }
    }
    for (int r = 0; r < 4; r++) {
        for (int w = 0; w < W; w++) store(c + r * ldc + 16 * w, sums[r][w]);
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
        for (; j + 32 <= padded(n); j += 32) tile<2>(rows, b + j, ldb, c + i * ldc + j, ldc, from, to, add);
        for (; j < n; j += 16) tile<1>(rows, b + j, ldb, c + i * ldc + j, ldc, from, to, add);
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
        sixteens(d, [&](int64_t j, int64_t n) ALWAYS { store(to + i * row + j, load(from + i * stride + j, n)); });
    }
}

// 16 rows across, by exchanging the numbers whose places differ in one bit, for each of the four bits.
#define EXCHANGE(BIT, LOW, HIGH)                                            \
    for (int i = 0; i < 16; i++) {                                          \
        if (i & BIT) continue;                                              \
        Lanes a = rows[i], b = rows[i + BIT];                               \
        rows[i] = __builtin_shufflevector(a, b, LOW);                       \
        rows[i + BIT] = __builtin_shufflevector(a, b, HIGH);                \
    }
#define ONE_LOW 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define ONE_HIGH 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define TWO_LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define TWO_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define FOUR_LOW 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define FOUR_HIGH 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define EIGHT_LOW 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define EIGHT_HIGH 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

// (t, d) → (d, t), both with room up to multiples of 16.
INLINE void turn(const float* from, int64_t row, int64_t t, int64_t d, float* to, int64_t turned) {
    for (int64_t i0 = 0; i0 < t; i0 += 16) {
        for (int64_t j0 = 0; j0 < d; j0 += 16) {
            Lanes rows[16];
            for (int i = 0; i < 16; i++) rows[i] = load(from + (i0 + i) * row + j0);
            EXCHANGE(1, ONE_LOW, ONE_HIGH)
            EXCHANGE(2, TWO_LOW, TWO_HIGH)
            EXCHANGE(4, FOUR_LOW, FOUR_HIGH)
            EXCHANGE(8, EIGHT_LOW, EIGHT_HIGH)
            for (int i = 0; i < 16; i++) store(to + (j0 + i) * turned + i0, rows[i]);
        }
    }
}

template <typename T>
INLINE void write(const float* from, int64_t row, int64_t t, int64_t d, T* to, int64_t stride) {
    for (int64_t i = 0; i < t; i++) {
        sixteens(d, [&](int64_t j, int64_t n) ALWAYS { store(to + i * stride + j, load(from + i * row + j), n); });
    }
}

template <typename T>
INLINE void attention_of(const T* qkv, T* y, float* sums, float* room, const Head& head, const Drop& how) {
    const int64_t t = head.t, d = head.d, stride = head.stride, width = head.width;
    Rooms at(room, t, d);
    float peaks[BLOCK], totals[BLOCK];
    read(qkv, stride, t, d, at.q, at.tall);
    read(qkv + width, stride, t, d, at.k, at.tall);
    read(qkv + 2 * width, stride, t, d, at.v, at.tall);
    turn(at.k, at.tall, t, d, at.kt, at.flat);
    for (int64_t from = 0; from < t; from += BLOCK) {
        int64_t rows = std::min(BLOCK, t - from), seen = from + rows;
        auto every = [&](int64_t) ALWAYS { return Part{0, d}; };
        product({at.q + from * at.tall, at.tall, 1}, at.kt, at.flat, at.scores, at.block, rows, seen, false, every);
        for (int64_t i = 0; i < rows; i++) {
            Lanes peak = all(-INFINITY);
            for (int64_t j = 0; j <= from + i; j += LANES) peak = first(from + i + 1 - j, larger(load(at.row(i) + j), peak), peak);
            peaks[i] = largest(peak);
        }
        for (int64_t i = 0; i < rows; i++) {
            Lanes total{};
            for (int64_t j = 0; j < seen; j += LANES) {
                Lanes weight = first(from + i + 1 - j, exponential((load(at.row(i) + j) - peaks[i]) * head.factor));
                store(at.row(i) + j, weight);
                total += weight;
            }
            totals[i] = sum(total);
        }
        for (int64_t i = 0; i < rows; i++) {
            float share = 1.0f / totals[i];
            int64_t place = head.first + (from + i) * t;
            for (int64_t j = 0; j <= from + i; j += LANES) store(at.row(i) + j, dropout(load(at.row(i) + j) * share, place + j, how));
        }
        for (int64_t i = 0; i < rows; i++) sums[from + i] = std::log(totals[i]) + peaks[i] * head.factor;
        auto past = [&](int64_t i) ALWAYS { return Part{0, std::min(from + i + 4, seen)}; };
        product({at.scores, at.block, 1}, at.v, at.tall, at.out, at.tall, rows, d, false, past);
        write(at.out, at.tall, rows, d, y + from * width, width);
    }
}

template <typename T>
INLINE void attention_back_of(const T* g, const T* qkv, const float* sums, T* dqkv, float* room, const Head& head, const Drop& how) {
    const int64_t t = head.t, d = head.d, stride = head.stride, width = head.width;
    Rooms at(room, t, d);
    float totals[BLOCK];
    read(qkv, stride, t, d, at.q, at.tall);
    read(qkv + width, stride, t, d, at.k, at.tall);
    read(qkv + 2 * width, stride, t, d, at.v, at.tall);
    read(g, width, t, d, at.g, at.tall);
    turn(at.k, at.tall, t, d, at.kt, at.flat);
    turn(at.v, at.tall, t, d, at.vt, at.flat);
    std::memset(at.dk, 0, static_cast<size_t>(padded(t) * at.tall) * sizeof(float));
    std::memset(at.dv, 0, static_cast<size_t>(padded(t) * at.tall) * sizeof(float));
    for (int64_t from = 0; from < t; from += BLOCK) {
        int64_t rows = std::min(BLOCK, t - from), seen = from + rows;
        auto every = [&](int64_t) ALWAYS { return Part{0, d}; };
        product({at.q + from * at.tall, at.tall, 1}, at.kt, at.flat, at.scores, at.block, rows, seen, false, every);
        product({at.g + from * at.tall, at.tall, 1}, at.vt, at.flat, at.slopes, at.block, rows, seen, false, every);
        for (int64_t i = 0; i < rows; i++) {
            int64_t place = head.first + (from + i) * t;
            Lanes total{};
            for (int64_t j = 0; j < seen; j += LANES) {
                Lanes weight = first(from + i + 1 - j, exponential(load(at.row(i) + j) * head.factor - sums[from + i]));
                Lanes left = dropout(weight, place + j, how), slope = first(from + i + 1 - j, load(at.slope(i) + j) * left);
                store(at.weight(i) + j, weight);
                store(at.row(i) + j, left);
                store(at.slope(i) + j, slope);
                total += slope;
            }
            totals[i] = sum(total);
        }
        // The slope of a score is weight · (slope of the weight − mean), the mean taken over all weights.
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t j = 0; j < seen; j += LANES) store(at.slope(i) + j, (load(at.slope(i) + j) - load(at.weight(i) + j) * totals[i]) * head.factor);
        }
        auto past = [&](int64_t i) ALWAYS { return Part{0, std::min(from + i + 4, seen)}; };
        product({at.slopes, at.block, 1}, at.k, at.tall, at.out, at.tall, rows, d, false, past);
        write(at.out, at.tall, rows, d, dqkv + from * stride, stride);
        auto later = [&](int64_t j) ALWAYS { return Part{std::max<int64_t>(j - from, 0), rows}; };
        product({at.scores, 1, at.block}, at.g + from * at.tall, at.tall, at.dv, at.tall, seen, d, true, later);
        product({at.slopes, 1, at.block}, at.q + from * at.tall, at.tall, at.dk, at.tall, seen, d, true, later);
    }
    write(at.dk, at.tall, t, d, dqkv + width, stride);
    write(at.dv, at.tall, t, d, dqkv + 2 * width, stride);
}

}  // namespace

int64_t attention_room(int64_t t, int64_t d) {
    return 8 * padded(t) * padded(d) + BLOCK * (padded(d) + 3 * padded(t));
}

#define FOR_BOTH(T)                                                                                                    \
    EACH void attention(const T* qkv, T* y, float* sums, float* room, Head head, Drop how) {                           \
        attention_of(qkv, y, sums, room, head, how);                                                                   \
    }                                                                                                                  \
    EACH void attention_back(const T* g, const T* qkv, const float* sums, T* dqkv, float* room, Head head, Drop how) { \
        attention_back_of(g, qkv, sums, dqkv, room, head, how);                                                        \
    }

FOR_BOTH(float)
FOR_BOTH(Half)
