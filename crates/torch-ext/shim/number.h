// What the loops over numbers share. They are plain, and compiled for several instruction sets; the loader takes the
// best that the machine has. All arithmetic is in f32; tensors are f32 or bf16.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define EACH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EACH
#endif
// Whatever such a loop calls must become part of it, or it is not compiled for its instructions.
#define ALWAYS __attribute__((always_inline))
#define INLINE inline ALWAYS

// A bf16, the upper half of an f32.
struct Half {
    uint16_t bits;
};

INLINE float wide(float x) {
    return x;
}

INLINE float wide(Half x) {
    uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float y;
    std::memcpy(&y, &bits, sizeof y);
    return y;
}

INLINE void put(float& to, float x) {
    to = x;
}

// To the nearest, ties to even; NaN stays NaN.
INLINE void put(Half& to, float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    to.bits = static_cast<uint16_t>(x == x ? rounded : 0x7fc0u);
}

// Sixteen numbers at once, or fewer where the machine's registers are narrower.
typedef float Lanes __attribute__((vector_size(64), aligned(4)));

INLINE Lanes lanes(const float* x) {
    return *reinterpret_cast<const Lanes*>(x);
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

// Σ at(j) for j below n, in 16 partial sums.
template <typename F>
INLINE float sum(int64_t n, F&& at) {
    float part[16] = {};
    int64_t j = 0;
    for (; j + 16 <= n; j += 16) {
        for (int l = 0; l < 16; l++) part[l] += at(j + l);
    }
    for (int l = 0; j < n; j++, l++) part[l] += at(j);
    return folded(lanes(part), [](auto a, auto b) ALWAYS { return a + b; });
}

// The largest x[j] for j below n, which is at least 1. A NaN may be passed over.
INLINE float largest(const float* x, int64_t n) {
    auto larger = [](auto a, auto b) ALWAYS { return a > b ? a : b; };
    Lanes most = Lanes{} + x[0];
    int64_t j = 0;
    for (; j + 16 <= n; j += 16) most = larger(lanes(x + j), most);
    float rest = x[0];
    for (; j < n; j++) rest = larger(x[j], rest);
    return larger(folded(most, larger), rest);
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
