// One step of decoding on plain memory: no tensor is made, and threads are woken where they pay.

#include <ATen/Parallel.h>

#include <algorithm>

#include "caught.h"
#include "loops.h"

// One query against what was kept for its row and head.
struct Query {
    const float* q;
    const void* keys;
    const void* values;
    float* y;
    int64_t count;
};

namespace {

constexpr int64_t WORTH = 1 << 18;  // multiplications that are worth a thread

// Calls `work` with the loops for weights of that type, and a null pointer to it.
template <typename F>
void typed(int half, F&& work) {
    if (half) return work(step_loops<Half>(), static_cast<const Half*>(nullptr));
    work(step_loops<float>(), static_cast<const float*>(nullptr));
}

template <typename T>
const T* as(const void* x, const T*) {
    return static_cast<const T*>(x);
}

}  // namespace

extern "C" {

void enredo_step_add(const void* x, int half, float* y, int64_t n) {
    typed(half, [&](auto& loops, auto* type) { loops.add(as(x, type), y, n); });
}

void enredo_step_keep(const float* x, void* y, int half, int64_t n) {
    typed(half, [&](auto& loops, auto* type) { loops.keep(x, const_cast<std::remove_const_t<std::remove_pointer_t<decltype(type)>>*>(as(y, type)), n); });
}

char* enredo_step_linear(const float* x, const void* w, const void* b, int half, float* y, int64_t n, int64_t in, int64_t out) {
    return caught([&] {
        constexpr int64_t BLOCK = 16;  // outputs, a multiple of all tiles' widths
        int64_t grain = std::max<int64_t>(1, WORTH / std::max<int64_t>(1, n * in * BLOCK));
        typed(half, [&](auto& loops, auto* type) {
            at::parallel_for(0, (out + BLOCK - 1) / BLOCK, grain, [&](int64_t begin, int64_t end) {
                loops.linear(x, as(w, type), as(b, type), y, n, in, out, begin * BLOCK, std::min(out, end * BLOCK));
            });
        });
    });
}

void enredo_step_norm(float* x, const float* more, const void* w, const void* b, int half, float eps, float* y, int64_t n, int64_t c) {
    typed(half, [&](auto& loops, auto* type) { loops.norm(x, more, as(w, type), as(b, type), eps, y, n, c); });
}

void enredo_step_activate(float* x, const float* up, int64_t n, int act) {
    step_loops<float>().activate(x, up, n, static_cast<Act>(act));
}

void enredo_step_rotate(float* x, const float* cosines, const float* sines, int64_t n, int64_t d) {
    step_loops<float>().rotate(x, cosines, sines, n, d);
}

// `room` holds `width` numbers for each of the threads.
char* enredo_step_attend(const Query* queries, int64_t n, int half, float* room, int64_t width, int64_t d, float factor) {
    return caught([&] {
        int64_t work = 0;
        for (int64_t i = 0; i < n; i++) work += 2 * d * queries[i].count;
        int64_t grain = std::max<int64_t>(1, n * WORTH / std::max<int64_t>(1, work));
        typed(half, [&](auto& loops, auto* type) {
            at::parallel_for(0, n, grain, [&](int64_t begin, int64_t end) {
                float* own = room + at::get_thread_num() * width;
                for (int64_t i = begin; i < end; i++) {
                    const Query& query = queries[i];
                    loops.attend(query.q, as(query.keys, type), as(query.values, type), query.y, own, query.count, d, factor);
                }
            });
        });
    });
}

}  // extern "C"
