// The loops of the fused operations, over a part of a tensor each.

#pragma once

#include <cstdint>

// What decides which elements are dropped: two numbers drawn for each call, the bound below which a hash drops
// its element, and what the others are multiplied by.
struct Drop {
    uint32_t first, second, bound;
    float scale;
};

void drop(const float* x, const float* residual, float* y, int64_t begin, int64_t end, Drop how);
void drop_relu(const float* x, float* y, int64_t begin, int64_t end, Drop how);
void drop_relu_back(const float* g, const float* y, float* dx, int64_t begin, int64_t end, float scale);
// Rows of t scores, of which row i of each t sees i + 1.
void softmax(const float* scores, float* p, float* dropped, int64_t begin, int64_t end, int64_t t, float factor, Drop how);
void softmax_back(const float* g, const float* p, float* d, int64_t begin, int64_t end, int64_t t, float factor, Drop how);
