// One step of decoding on plain memory: no tensor is made, and threads are woken where they pay.

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "caught.h"
#include "loops.h"

// New tokens of one sequence, and where a layer's keys and values of its first head are kept.
struct Sequence {
    void* keys;
    void* values;
    int64_t stride;  // numbers from one head to the next
    int64_t begin, end;
};

// The places that a token attends to; its own is the last.
struct Seen {
    int64_t begin, end;
};

namespace {

constexpr int64_t WORTH = 1 << 17;  // multiplications that are worth a thread

// Calls `work` with the loops for weights of that type, and a null pointer to it.
template <typename F>
void typed(int half, F&& work) {
    if (half) return work(step_loops<Half>(), static_cast<Half*>(nullptr));
    work(step_loops<float>(), static_cast<float*>(nullptr));
}

template <typename T>
T* as(void* x, T*) {
    return static_cast<T*>(x);
}

template <typename T>
const T* as(const void* x, T*) {
    return static_cast<const T*>(x);
}

// So many of `count` parts that take `work` multiplications together are worth a thread.
int64_t grain(int64_t count, int64_t work) {
    return std::max<int64_t>(1, count * WORTH / std::max<int64_t>(1, work));
}

}  // namespace

extern "C" {

char* enredo_parallel(int64_t n, void (*work)(void*, int64_t), void* context) {
    return caught([&] {
        at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) work(context, i);
        });
    });
}

int64_t enredo_step_panel(int half) {
    int64_t outputs = 0;
    typed(half, [&](auto& loops, auto*) { outputs = loops.panel(); });
    return outputs;
}

char* enredo_step_pack(const float* w, void* to, int half, int64_t in, int64_t begin, int64_t end) {
    return caught([&] {
        typed(half, [&](auto& loops, auto* type) {
            at::parallel_for(begin, end, 1 + WORTH / std::max<int64_t>(1, in), [&](int64_t from, int64_t until) {
                loops.pack(w + (from - begin) * in, as(to, type), in, from, until);
            });
        });
    });
}

char* enredo_step_linear(const float* x, const void* w, const float* b, int half, float* y, int64_t n, int64_t in, int64_t out) {
    return caught([&] {
        typed(half, [&](auto& loops, auto* type) {
            int64_t panels = (out + loops.panel() - 1) / loops.panel();
            at::parallel_for(0, panels, grain(panels, n * in * out), [&](int64_t begin, int64_t end) {
                loops.linear(x, as(w, type), b, y, n, in, out, begin, end);
            });
        });
    });
}

void enredo_step_norm(float* x, const float* more, const float* w, const float* b, float eps, float* y, int64_t n, int64_t c) {
    step_loops<float>().norm(x, more, w, b, eps, y, n, c);
}

void enredo_step_activate(const float* x, const float* up, float* y, int64_t n, int act) {
    step_loops<float>().activate(x, up, y, n, static_cast<Act>(act));
}

void enredo_step_rotate(float* x, const float* cosines, const float* sines, int64_t n, int64_t d) {
    step_loops<float>().rotate(x, cosines, sines, n, d);
}

// Keeps keys and values of all new tokens, rows of `stride` numbers of which H heads of queries, K of keys and K of values are
// the last; then each query attends. `room` holds `width` numbers for each of the threads.
char* enredo_step_attend(const float* qkv, int64_t stride, int64_t heads, int64_t shared, int64_t d, const Sequence* sequences, int64_t count,
                         const Seen* seen, int half, float* y, float* room, int64_t width) {
    return caught([&] {
        int64_t work = 0;
        for (int64_t i = 0; i < count; i++) {
            for (int64_t t = sequences[i].begin; t < sequences[i].end; t++) work += 2 * heads * d * (seen[t].end - seen[t].begin);
        }
        float factor = 1.0f / std::sqrt(static_cast<float>(d));
        typed(half, [&](auto& loops, auto* type) {
            at::parallel_for(0, count * shared, grain(count * shared, 4 * work), [&](int64_t begin, int64_t end) {
                float* own = room + at::get_thread_num() * width;
                for (int64_t unit = begin; unit < end; unit++) {
                    const Sequence& sequence = sequences[unit / shared];
                    int64_t head = unit % shared, each = heads / shared;
                    auto *keys = as(sequence.keys, type) + head * sequence.stride, *values = as(sequence.values, type) + head * sequence.stride;
                    for (int64_t t = sequence.begin; t < sequence.end; t++) {
                        const float *key = qkv + t * stride + (heads + head) * d, *value = key + shared * d;
                        loops.keep(key, keys + (seen[t].end - 1) * d, d);
                        loops.keep(value, values + (seen[t].end - 1) * d, d);
                    }
                    for (int64_t t = sequence.begin; t < sequence.end; t++) {
                        int64_t first = seen[t].begin * d, places = seen[t].end - seen[t].begin;
                        for (int64_t q = head * each; q < (head + 1) * each; q++) {
                            loops.attend(qkv + t * stride + q * d, keys + first, values + first, y + (t * heads + q) * d, own, places, d, factor);
                        }
                    }
                }
            });
        });
    });
}

}  // extern "C"
