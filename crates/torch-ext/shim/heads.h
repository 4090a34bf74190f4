// Causal attention of one head (Vaswani et al., 2017, §3.2), a block of rows at a time: no T × T matrix is kept, and
// the way back computes its weights again (Dao et al., arXiv 2205.14135).

#pragma once

#include "drop.h"

// One head of one document in (B, T, 3C): T rows of `stride` numbers, of which D are queries, D keys, D values.
struct Head {
    int64_t t, d;        // T and D
    int64_t stride;      // 3C
    int64_t width;       // C, from queries to keys and to values
    float factor;        // 1 / √D
    uint32_t first;      // the place of its first weight among those of all heads, as dropout counts them
};

// How many numbers of room one head needs, forth and back.
int64_t attention_room(int64_t t, int64_t d);

#define FOR_BOTH(T)                                                                                                    \
    /* y: T rows of C; sums: ln Σ exp of each row. */                                                                  \
    void attention(const T* qkv, T* y, float* sums, float* room, Head head, Drop how);                                 \
    void attention_back(const T* g, const T* qkv, const float* sums, T* dqkv, float* room, Head head, Drop how);

FOR_BOTH(float)
FOR_BOTH(Half)
#undef FOR_BOTH
