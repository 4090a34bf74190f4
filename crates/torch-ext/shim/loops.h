// The loops of the fused operations, over a part of a tensor each: elements, or rows of c numbers, from `begin` to
// `end`. They are compiled for several instruction sets, of which `row_loops` and its like take libtorch's.

#pragma once

#include <cstdint>

// A bf16, the upper half of an f32.
struct Half {
    uint16_t bits;
};

// Which elements are dropped: a hash of the element's place and of two numbers that each call draws from libtorch's
// generator, so that no mask is written, and the state of that generator decides all of it.
struct Drop {
    uint32_t first, second;  // the two
    uint32_t bound;          // a hash below it drops its element; 0 drops none
    float scale;             // what the others are multiplied by
};

// T is float or Half.
template <typename T>
struct RowLoops {
    // y = residual + dropout(x); no residual is 0.
    virtual void drop(const T* x, const T* residual, T* y, int64_t begin, int64_t end, Drop how) const = 0;

    // y = dropout(max(0, x)), or of its square.
    virtual void drop_relu(const T* x, T* y, int64_t begin, int64_t end, bool squared, Drop how) const = 0;

    // From y, which is 0 where x was dropped or negative.
    virtual void drop_relu_back(const T* g, const T* y, T* dx, int64_t begin, int64_t end, bool squared, float scale) const = 0;

    // y = norm(z) · w + b, where z = residual + dropout(x) is kept, with each row's mean and 1 / deviation; needs room for
    // c numbers.
    virtual void norm(const T* x, const T* residual, const float* w, const float* b, float eps, T* z, T* y, float* moments,
                      float* room, int64_t begin, int64_t end, int64_t c, Drop how) const = 0;

    // dz, dropout's part of it in dx where there is one; adds to dw and db; needs room for 2 c numbers.
    virtual void norm_back(const T* g, const T* z, const float* w, const float* moments, T* dz, T* dx, float* dw, float* db,
                           float* room, int64_t begin, int64_t end, int64_t c, Drop how) const = 0;

    // y = tokens[id] + places[i % t].
    virtual void embed(const int64_t* ids, const float* tokens, const float* places, T* y, int64_t begin, int64_t end,
                       int64_t t, int64_t c) const = 0;

    // Adds n rows of slopes to those of their tokens and places; here `begin` and `end` are columns.
    virtual void embed_back(const T* g, const int64_t* ids, float* tokens, float* places, int64_t n, int64_t t, int64_t c,
                            int64_t begin, int64_t end) const = 0;

    // y += bias.
    virtual void add_to_rows(const float* bias, T* y, int64_t begin, int64_t end, int64_t c) const = 0;

    // sums += x.
    virtual void add_rows(const T* x, float* sums, int64_t begin, int64_t end, int64_t c) const = 0;

    // y = x, rounded.
    virtual void narrow(const float* x, T* y, int64_t begin, int64_t end) const = 0;

    // Turns rows of c logits, to which the bias is added, into the gradient of `share` times the sum of their
    // cross-entropies, which it returns; adds the bias' gradient to db. `row` is room for c numbers.
    virtual double cross_entropy(T* logits, const float* bias, const int64_t* targets, int64_t pad, float share, float* db,
                                 float* row, int64_t begin, int64_t end, int64_t c) const = 0;
};

// One head of one document in (B, T, 3C): T rows of `stride` numbers, of which D are queries, D keys, D values.
struct Head {
    int64_t t, d;    // T and D
    int64_t stride;  // 3C
    int64_t width;   // C, from queries to keys and to values
    float factor;    // 1 / √D
    uint32_t first;  // the place of its first weight among those of all heads, as dropout counts them
};

// Causal attention of one head (Vaswani et al., 2017, §3.2), a block of rows at a time: no T × T matrix is kept, and
// the way back computes its weights again (Dao et al., arXiv 2205.14135).
template <typename T>
struct HeadLoops {
    // How many numbers of room one head needs, forth and back.
    virtual int64_t room(int64_t t, int64_t d) const = 0;

    // y: T rows of C; sums: ln Σ exp of each row.
    virtual void attention(const T* qkv, T* y, float* sums, float* room, Head head, Drop how) const = 0;

    virtual void attention_back(const T* g, const T* qkv, const float* sums, T* dqkv, float* room, Head head, Drop how) const = 0;
};

// The non-linearity of a feed-forward layer.
enum class Act : int { Relu, Relu2, Gelu, GeluTanh, Silu };

// One step of decoding: the few rows that are new, against all weights and all that was kept. Activations, biases and norms
// are f32, W is the type of the matrices and of the keys and values.
template <typename W>
struct StepLoops {
    // Matrices are in panels: of so many outputs each, the weights of the first number of x, of the second, ….
    virtual int64_t panel() const = 0;

    // Puts rows `begin` to `end` of a matrix, which `w` points to, into panels of zeros.
    virtual void pack(const float* w, W* to, int64_t in, int64_t begin, int64_t end) const = 0;

    // y = x wᵀ + b of n rows, panels `begin` to `end`; b has numbers for whole panels. The same to the bit in any number of rows.
    virtual void linear(const float* x, const W* w, const float* b, float* y, int64_t n, int64_t in, int64_t out, int64_t begin,
                        int64_t end) const = 0;

    // x += more (where there is more); y = norm(x) · w + b of n rows of c numbers; without b the root mean square's norm.
    virtual void norm(float* x, const float* more, const float* w, const float* b, float eps, float* y, int64_t n, int64_t c) const = 0;

    // y = act(x), times `up` where there is one.
    virtual void activate(const float* x, const float* up, float* y, int64_t n, Act act) const = 0;

    // Turns pairs of numbers d / 2 apart by their angles (Su et al., arXiv 2104.09864): n heads of one row.
    virtual void rotate(float* x, const float* cosines, const float* sines, int64_t n, int64_t d) const = 0;

    // y = x, rounded.
    virtual void keep(const float* x, W* y, int64_t n) const = 0;

    // One head's query against `count` keys of d numbers; needs room for `count` numbers and a register.
    virtual void attend(const float* q, const W* keys, const W* values, float* y, float* room, int64_t count, int64_t d,
                        float factor) const = 0;
};

template <typename T>
const RowLoops<T>& row_loops();

template <typename T>
const HeadLoops<T>& head_loops();

template <typename W>
const StepLoops<W>& step_loops();

// Those whose registers hold so many f32: 16, 8 or 4.
template <int Lanes, typename T>
const RowLoops<T>& row_loops_of();

template <int Lanes, typename T>
const HeadLoops<T>& head_loops_of();

template <int Lanes, typename W>
const StepLoops<W>& step_loops_of();
