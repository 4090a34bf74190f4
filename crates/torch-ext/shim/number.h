// Arithmetic on as many f32 at a time as a register of the instruction set holds: LANES, which the build sets. All of it
// has internal linkage and no call leaves it: of a function with two bodies the linker keeps one, for any machine.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "loops.h"

#define ALWAYS __attribute__((always_inline))
#define INLINE inline ALWAYS

namespace {

typedef float Lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t Whole __attribute__((vector_size(4 * LANES)));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));
typedef uint16_t Pairs __attribute__((vector_size(4 * LANES)));

using Order = std::make_integer_sequence<int, LANES>;

INLINE Lanes all(float x) {
    return Lanes{} + x;
}

template <int... I>
INLINE Whole counted(std::integer_sequence<int, I...>) {
    return Whole{I...};
}

INLINE Lanes load(const float* x) {
    Lanes y;
    std::memcpy(&y, x, sizeof y);
    return y;
}

// Zeros before each, as the lower halves of f32.
template <int... I>
INLINE Lanes widened(Halves x, std::integer_sequence<int, I...>) {
    return (Lanes)__builtin_shufflevector(x, Halves{}, (I % 2 ? I / 2 : LANES)...);
}

INLINE Lanes load(const Half* x) {
    Halves y;
    std::memcpy(&y, x, sizeof y);
    return widened(y, std::make_integer_sequence<int, 2 * LANES>{});
}

INLINE void store(float* to, Lanes x) {
    std::memcpy(to, &x, sizeof x);
}

template <int... I>
INLINE Halves upper(Pairs x, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(x, x, (2 * I + 1)...);
}

// To the nearest, ties to even; NaN stays NaN.
INLINE void store(Half* to, Lanes x) {
    Bits bits = (Bits)x, rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    Halves y = upper((Pairs)(x == x ? rounded : Bits{} + 0x7fc00000u), Order{});
    std::memcpy(to, &y, sizeof y);
}

// The first `count` alone, which is LANES or fewer; the others are 0.
template <typename T>
INLINE Lanes load(const T* x, int64_t count) {
    if (count == LANES) return load(x);
    T some[LANES] = {};
    std::memcpy(some, x, static_cast<size_t>(count) * sizeof(T));
    return load(some);
}

template <typename T>
INLINE void store(T* to, Lanes x, int64_t count) {
    if (count == LANES) return store(to, x);
    T some[LANES];
    store(some, x);
    std::memcpy(to, some, static_cast<size_t>(count) * sizeof(T));
}

// Calls `work` with the place and the count of each LANES of n numbers.
template <typename F>
INLINE void each(int64_t n, F&& work) {
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) work(j, LANES);
    if (j < n) work(j, n - j);
}

// The first `count` of x, then those of `rest`.
INLINE Lanes first(int64_t count, Lanes x, Lanes rest = Lanes{}) {
    return counted(Order{}) < static_cast<int32_t>(count) ? x : rest;
}

INLINE Lanes larger(Lanes a, Lanes b) {
    return a > b ? a : b;
}

INLINE Lanes root(Lanes x) {
    for (int l = 0; l < LANES; l++) x[l] = std::sqrt(x[l]);
    return x;
}

template <int N>
struct Vector {
    typedef float Type __attribute__((vector_size(4 * N)));
};

// What `join` makes of all, two halves at a time.
template <int N = LANES, typename F>
INLINE float folded(typename Vector<N>::Type x, F&& join) {
    if constexpr (N == 4) {
        return join(join(x[0], x[2]), join(x[1], x[3]));
    } else {
        typename Vector<N / 2>::Type halves[2];
        std::memcpy(halves, &x, sizeof x);
        return folded<N / 2>(join(halves[0], halves[1]), join);
    }
}

INLINE float sum(Lanes x) {
    return folded(x, [](auto a, auto b) ALWAYS { return a + b; });
}

// The places of two rows' numbers after those whose places differ in one bit changed rows: of the first, of the second.
template <int BIT, int... I>
INLINE void exchange(Lanes& a, Lanes& b, std::integer_sequence<int, I...>) {
    Lanes x = a, y = b;
    a = __builtin_shufflevector(x, y, (I & BIT ? LANES + (I ^ BIT) : I)...);
    b = __builtin_shufflevector(x, y, (I & BIT ? LANES + I : I ^ BIT)...);
}

// The sum of each of LANES rows.
template <int BIT = 1>
INLINE Lanes sums_of(Lanes* rows) {
    if constexpr (BIT == LANES) {
        return rows[0];
    } else {
        for (int i = 0; i < LANES; i += 2 * BIT) {
            exchange<BIT>(rows[i], rows[i + BIT], Order{});
            rows[i] += rows[i + BIT];
        }
        return sums_of<2 * BIT>(rows);
    }
}

// A NaN may be passed over.
INLINE float largest(Lanes x) {
    return folded(x, [](auto a, auto b) ALWAYS { return a > b ? a : b; });
}

// e^x for x ≤ 0, to 2 units in the last place: Cody and Waite's reduction, a Taylor polynomial of degree 7.
INLINE Lanes exponential(Lanes x) {
    x = x < -87.0f ? all(-87.0f) : x;
    Whole n = __builtin_convertvector(x * 1.44269504f - 0.5f, Whole);  // cut off, which for x ≤ 0 is to the nearest
    Lanes whole = __builtin_convertvector(n, Lanes);
    Lanes r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    Lanes p = all(1.0f / 5040);
    for (float term : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + term;
    return p * (Lanes)((Bits)(n + 127) << 23);
}

// Wellons' lowbias32: a bijection of 32 bits with an avalanche bias of 0.17.
INLINE Bits mixed(Bits x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// The elements from the i-th on, after dropout.
INLINE Lanes dropout(Lanes x, int64_t i, const Drop& how) {
    if (how.bound == 0) return x;
    Bits place = (Bits)counted(Order{}) + static_cast<uint32_t>(i) + how.first;
    return mixed(mixed(place) ^ how.second) < how.bound ? Lanes{} : x * how.scale;
}

}  // namespace
