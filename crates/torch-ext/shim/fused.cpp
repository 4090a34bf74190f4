// Operations of a training step in one pass each, with their gradients. f32 on the CPU. What is dropped is a hash
// of the element's place and of two numbers that each call draws from libtorch's generator, so that no mask is
// written, and the state of that generator decides all of it.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <mutex>

#include "caught.h"
#include "kernels.h"

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

constexpr int64_t GRAIN = 16384;

Drop drawn(double p) {
    TORCH_CHECK(p >= 0.0 && p < 1.0, "a share of ", p, " cannot be dropped; it must be in [0, 1)");
    auto generator = at::globalContext().defaultGenerator(at::kCPU);
    std::lock_guard<std::mutex> lock(generator.mutex());
    uint64_t bits = p > 0.0 ? at::check_generator<at::CPUGeneratorImpl>(generator)->random64() : 0;
    auto bound = static_cast<uint32_t>(std::min(4294967295.0, p * 4294967296.0));
    return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32), bound, static_cast<float>(1.0 / (1.0 - p))};
}

void save(AutogradContext* ctx, Drop how) {
    ctx->saved_data["first"] = static_cast<int64_t>(how.first);
    ctx->saved_data["second"] = static_cast<int64_t>(how.second);
    ctx->saved_data["bound"] = static_cast<int64_t>(how.bound);
    ctx->saved_data["scale"] = static_cast<double>(how.scale);
}

Drop saved(AutogradContext* ctx) {
    auto whole = [&](const char* name) { return static_cast<uint32_t>(ctx->saved_data[name].toInt()); };
    return {whole("first"), whole("second"), whole("bound"), static_cast<float>(ctx->saved_data["scale"].toDouble())};
}

// residual + dropout(x), or dropout(x) alone.
struct Dropout : Function<Dropout> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& residual, double p) {
        Drop how = drawn(p);
        save(ctx, how);
        ctx->saved_data["has_residual"] = residual.defined();
        auto from = x.contiguous(), base = residual.defined() ? residual.contiguous() : residual;
        auto y = at::empty_like(from);
        const float *in = from.const_data_ptr<float>(), *add = base.defined() ? base.const_data_ptr<float>() : nullptr;
        float* out = y.mutable_data_ptr<float>();
        at::parallel_for(0, y.numel(), GRAIN, [&](int64_t begin, int64_t end) { drop(in, add, out, begin, end, how); });
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        Drop how = saved(ctx);
        auto g = gradients[0].contiguous(), dx = at::empty_like(g);
        const float* in = g.const_data_ptr<float>();
        float* out = dx.mutable_data_ptr<float>();
        at::parallel_for(0, dx.numel(), GRAIN, [&](int64_t begin, int64_t end) { drop(in, nullptr, out, begin, end, how); });
        bool has_residual = ctx->saved_data["has_residual"].toBool();
        return {dx, has_residual ? gradients[0] : Tensor(), Tensor()};
    }
};

// dropout(max(0, x)).
struct ReluDropout : Function<ReluDropout> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, double p) {
        Drop how = drawn(p);
        auto from = x.contiguous(), y = at::empty_like(from);
        const float* in = from.const_data_ptr<float>();
        float* out = y.mutable_data_ptr<float>();
        at::parallel_for(0, y.numel(), GRAIN, [&](int64_t begin, int64_t end) { drop_relu(in, out, begin, end, how); });
        ctx->saved_data["scale"] = static_cast<double>(how.scale);
        ctx->save_for_backward({y});
        return y;
    }

    // What was dropped or negative is 0 in y.
    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        auto scale = static_cast<float>(ctx->saved_data["scale"].toDouble());
        auto y = ctx->get_saved_variables()[0], g = gradients[0].contiguous(), dx = at::empty_like(g);
        const float *in = g.const_data_ptr<float>(), *value = y.const_data_ptr<float>();
        float* out = dx.mutable_data_ptr<float>();
        at::parallel_for(0, dx.numel(), GRAIN, [&](int64_t begin, int64_t end) { drop_relu_back(in, value, out, begin, end, scale); });
        return {dx, Tensor()};
    }
};

// dropout(softmax(factor · scores)) of square matrices, each row of which sees the columns up to its own.
struct CausalSoftmax : Function<CausalSoftmax> {
    static Tensor forward(AutogradContext* ctx, const Tensor& scores, double factor, double p) {
        Drop how = drawn(p);
        save(ctx, how);
        ctx->saved_data["factor"] = factor;
        auto from = scores.contiguous(), all = at::empty_like(from), y = at::empty_like(from);
        int64_t t = from.size(-1);
        TORCH_CHECK(from.dim() >= 2 && t > 0 && from.size(-2) == t, "scores of attention to itself are square");
        const float* in = from.const_data_ptr<float>();
        float *whole = all.mutable_data_ptr<float>(), *out = y.mutable_data_ptr<float>();
        auto rows = [&](int64_t begin, int64_t end) { softmax(in, whole, out, begin, end, t, static_cast<float>(factor), how); };
        at::parallel_for(0, from.numel() / t, std::max<int64_t>(1, GRAIN / t), rows);
        ctx->save_for_backward({all});
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        Drop how = saved(ctx);
        auto factor = static_cast<float>(ctx->saved_data["factor"].toDouble());
        auto all = ctx->get_saved_variables()[0], g = gradients[0].contiguous(), d = at::empty_like(g);
        int64_t t = g.size(-1);
        const float *in = g.const_data_ptr<float>(), *whole = all.const_data_ptr<float>();
        float* out = d.mutable_data_ptr<float>();
        auto rows = [&](int64_t begin, int64_t end) { softmax_back(in, whole, out, begin, end, t, factor, how); };
        at::parallel_for(0, g.numel() / t, std::max<int64_t>(1, GRAIN / t), rows);
        return {d, Tensor(), Tensor()};
    }
};

}  // namespace

extern "C" {

char* enredo_dropout(const Tensor* x, const Tensor* residual, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(Dropout::apply(*x, residual ? *residual : Tensor(), p)); });
}

char* enredo_relu_dropout(const Tensor* x, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(ReluDropout::apply(*x, p)); });
}

char* enredo_causal_softmax(const Tensor* scores, double factor, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(CausalSoftmax::apply(*scores, factor, p)); });
}

}  // extern "C"
