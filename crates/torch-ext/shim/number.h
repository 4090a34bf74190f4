// Arithmetic on sixteen f32 at a time, of which the loops of the fused operations are made. A function that is EACH is
// compiled for several instruction sets; the loader takes the best that the machine has. Tensors are f32 or bf16.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EACH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EACH
#endif
// Whatever such a function calls must become part of it, or it is not compiled for its instructions.
#define ALWAYS __attribute__((always_inline))
#define INLINE inline ALWAYS

// A bf16, the upper half of an f32.
struct Half {
    uint16_t bits;
};

constexpr int64_t LANES = 16;
typedef float Lanes __attribute__((vector_size(64)));
typedef int32_t Whole __attribute__((vector_size(64)));
typedef uint32_t Bits __attribute__((vector_size(64)));
typedef uint16_t Halves __attribute__((vector_size(32)));
typedef uint16_t Pairs __attribute__((vector_size(64)));

constexpr Bits ORDER = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

INLINE Lanes all(float x) {
    return Lanes{} + x;
}

INLINE Lanes load(const float* x) {
    Lanes y;
    std::memcpy(&y, x, sizeof y);
    return y;
}

// bf16 are the upper halves of f32.
INLINE Lanes load(const Half* x) {
    Halves y;
    std::memcpy(&y, x, sizeof y);
    return (Lanes)__builtin_shufflevector(y, Halves{}, 16, 0, 16, 1, 16, 2, 16, 3, 16, 4, 16, 5, 16, 6, 16, 7, 16, 8, 16, 9, 16, 10, 16, 11, 16, 12, 16, 13, 16, 14, 16, 15);
}

INLINE void store(float* to, Lanes x) {
    std::memcpy(to, &x, sizeof x);
}

// To the nearest, ties to even; NaN stays NaN.
INLINE void store(Half* to, Lanes x) {
    Bits bits = (Bits)x, rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    Pairs all = (Pairs)(x == x ? rounded : Bits{} + 0x7fc00000u);
    Halves y = __builtin_shufflevector(all, all, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    std::memcpy(to, &y, sizeof y);
}

// The first `count` alone, which is 16 or fewer; the others are 0.
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

// Calls `work` with the place and the count of each sixteen of n numbers.
template <typename F>
INLINE void sixteens(int64_t n, F&& work) {
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) work(j, LANES);
    if (j < n) work(j, n - j);
}

// The first `count` of x, then those of `rest`.
INLINE Lanes first(int64_t count, Lanes x, Lanes rest = Lanes{}) {
    return (Whole)ORDER < static_cast<int32_t>(count) ? x : rest;
}

INLINE Lanes larger(Lanes a, Lanes b) {
    return a > b ? a : b;
}

INLINE Lanes root(Lanes x) {
    for (int l = 0; l < LANES; l++) x[l] = std::sqrt(x[l]);
    return x;
}

// What `join` makes of all sixteen, two halves at a time.
template <typename F>
INLINE float folded(Lanes x, F&& join) {
    typedef float Eight __attribute__((vector_size(32)));
    typedef float Four __attribute__((vector_size(16)));
    Eight eights[2];
    std::memcpy(eights, &x, sizeof x);
    Eight eight = join(eights[0], eights[1]);
    Four fours[2];
    std::memcpy(fours, &eight, sizeof eight);
    Four four = join(fours[0], fours[1]);
    return join(join(four[0], four[2]), join(four[1], four[3]));
}

INLINE float sum(Lanes x) {
    return folded(x, [](auto a, auto b) ALWAYS { return a + b; });
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
    return p * (Lanes)((n + 127) << 23);
}
