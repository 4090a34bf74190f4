// What the fused operations share: how they draw, how they split their work, which types they take.

#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <type_traits>

#include "caught.h"
#include "loops.h"

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr int64_t GRAIN = 16384;  // numbers that are worth a thread

// Rows of c numbers that are worth a thread.
inline int64_t grain(int64_t c) {
    return std::max<int64_t>(1, GRAIN / std::max<int64_t>(1, c));
}

inline Drop drawn(double p) {
    TORCH_CHECK(p >= 0.0 && p < 1.0, "a share of ", p, " cannot be dropped; it must be in [0, 1)");
    if (p == 0.0) return {0, 0, 0, 1.0f};
    auto generator = at::globalContext().defaultGenerator(at::kCPU);
    std::lock_guard<std::mutex> lock(generator.mutex());
    uint64_t bits = at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
    auto bound = static_cast<uint32_t>(std::min(4294967295.0, p * 4294967296.0));
    return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32), bound, static_cast<float>(1.0 / (1.0 - p))};
}

inline void save(AutogradContext* ctx, Drop how) {
    ctx->saved_data["first"] = static_cast<int64_t>(how.first);
    ctx->saved_data["second"] = static_cast<int64_t>(how.second);
    ctx->saved_data["bound"] = static_cast<int64_t>(how.bound);
    ctx->saved_data["scale"] = static_cast<double>(how.scale);
}

inline Drop saved(AutogradContext* ctx) {
    auto whole = [&](const char* name) { return static_cast<uint32_t>(ctx->saved_data[name].toInt()); };
    return {whole("first"), whole("second"), whole("bound"), static_cast<float>(ctx->saved_data["scale"].toDouble())};
}

// The ways back write numbers, which have no history of their own.
inline void once_only() {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the fused operations have no second derivative");
}

// Calls `work` with a null pointer to the numbers that the tensor holds.
template <typename F>
void typed(const Tensor& x, F&& work) {
    TORCH_CHECK(x.device().is_cpu(), "the fused operations are for the CPU");
    if (x.scalar_type() == at::kFloat) return work(static_cast<float*>(nullptr));
    TORCH_CHECK(x.scalar_type() == at::kBFloat16, "the fused operations take f32 or bf16, not ", x.scalar_type());
    work(static_cast<Half*>(nullptr));
}

template <typename T>
const T* in(const Tensor& x) {
    TORCH_CHECK(x.device().is_cpu(), "the fused operations take tensors of the CPU only, or of another device only");
    return static_cast<const T*>(x.const_data_ptr());
}

template <typename T>
T* out(const Tensor& x) {
    TORCH_CHECK(x.device().is_cpu(), "the fused operations take tensors of the CPU only, or of another device only");
    return static_cast<T*>(x.mutable_data_ptr());
}

// The type that `typed` found.
#define TYPE(pointer) std::remove_pointer_t<decltype(pointer)>

// Runs `part` (begin, end, and `width` zeros to add to, each thread's its own) over `rows` rows of c numbers; what the
// threads have is then summed up, in a fixed order.
template <typename F>
Tensor summed(int64_t rows, int64_t c, int64_t width, F&& part) {
    int64_t threads = std::min<int64_t>(at::get_num_threads(), 1 + rows / grain(c));
    Tensor sums = at::zeros({threads, width}, at::kFloat);
    float* all = out<float>(sums);
    at::parallel_for(0, rows, grain(c), [&](int64_t begin, int64_t end) { part(begin, end, all + at::get_thread_num() * width); });
    for (int64_t thread = 1; thread < threads; thread++) {
        for (int64_t j = 0; j < width; j++) all[j] += all[thread * width + j];
    }
    return sums.select(0, 0);
}
