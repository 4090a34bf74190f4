// The loops of the fused operations, over a part of a tensor each: elements, or rows of c numbers, from `begin` to
// `end`. Each exists for f32 and bf16.

#pragma once

#include "drop.h"

#define FOR_BOTH(T)                                                                                                    \
    /* y = residual + dropout(x); no residual is 0. */                                                                 \
    void drop(const T* x, const T* residual, T* y, int64_t begin, int64_t end, Drop how);                              \
    /* y = dropout(max(0, x)), or of its square. */                                                                    \
    void drop_relu(const T* x, T* y, int64_t begin, int64_t end, bool squared, Drop how);                              \
    /* From y, which is 0 where x was dropped or negative. */                                                          \
    void drop_relu_back(const T* g, const T* y, T* dx, int64_t begin, int64_t end, bool squared, float scale);         \
    /* y = norm(z) · w + b, where z = residual + dropout(x) is kept, with each row's mean and 1 / deviation; needs     \
       room for c numbers. */                                                                                          \
    void norm(const T* x, const T* residual, const float* w, const float* b, float eps, T* z, T* y, float* moments,    \
              float* room, int64_t begin, int64_t end, int64_t c, Drop how);                                           \
    /* dz, dropout's part of it in dx where there is one; adds to dw and db; needs room for 2 c numbers. */            \
    void norm_back(const T* g, const T* z, const float* w, const float* moments, T* dz, T* dx, float* dw, float* db,   \
                   float* room, int64_t begin, int64_t end, int64_t c, Drop how);                                      \
    /* y = tokens[id] + places[i % t]. */                                                                              \
    void embed(const int64_t* ids, const float* tokens, const float* places, T* y, int64_t begin, int64_t end,         \
               int64_t t, int64_t c);                                                                                  \
    /* Adds n rows of slopes to those of their tokens and places; here `begin` and `end` are columns. */               \
    void embed_back(const T* g, const int64_t* ids, float* tokens, float* places, int64_t n, int64_t t, int64_t c,     \
                    int64_t begin, int64_t end);                                                                       \
    /* y += bias. */                                                                                                   \
    void add_to_rows(const float* bias, T* y, int64_t begin, int64_t end, int64_t c);                                  \
    /* sums += x. */                                                                                                   \
    void add_rows(const T* x, float* sums, int64_t begin, int64_t end, int64_t c);                                     \
    /* Turns rows of c logits, to which the bias is added, into the gradient of `share` times the sum of their         \
       cross-entropies, which it returns; adds the bias' gradient to db. `row` is room for c numbers. */               \
    double cross_entropy(T* logits, const float* bias, const int64_t* targets, int64_t pad, float share, float* db,    \
                         float* row, int64_t begin, int64_t end, int64_t c);

FOR_BOTH(float)
FOR_BOTH(Half)
#undef FOR_BOTH

// Rounds to the nearest.
void narrow(const float* x, Half* y, int64_t begin, int64_t end);
