// Dropout in the pass that makes or takes up what is dropped.

#include "function.h"

namespace {

// residual + dropout(x).
struct Dropout : Function<Dropout> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& residual, double p) {
        TORCH_CHECK(x.sizes() == residual.sizes() && x.scalar_type() == residual.scalar_type(), "a residual has the shape and the type of what is added to it");
        Drop how = drawn(p);
        save(ctx, how);
        auto from = x.contiguous(), base = residual.contiguous(), y = at::empty_like(from);
        typed(from, [&](auto* type) {
            using T = TYPE(type);
            auto work = [&](int64_t begin, int64_t end) { row_loops<T>().drop(in<T>(from), in<T>(base), out<T>(y), begin, end, how); };
            at::parallel_for(0, y.numel(), GRAIN, work);
        });
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        Drop how = saved(ctx);
        if (how.bound == 0) return {gradients[0], gradients[0], Tensor()};
        auto g = gradients[0].contiguous(), dx = at::empty_like(g);
        typed(g, [&](auto* type) {
            using T = TYPE(type);
            auto work = [&](int64_t begin, int64_t end) { row_loops<T>().drop(in<T>(g), static_cast<const T*>(nullptr), out<T>(dx), begin, end, how); };
            at::parallel_for(0, dx.numel(), GRAIN, work);
        });
        return {dx, gradients[0], Tensor()};
    }
};

// dropout(max(0, x)), or of its square.
struct ReluDropout : Function<ReluDropout> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, bool squared, double p) {
        Drop how = drawn(p);
        auto from = x.contiguous(), y = at::empty_like(from);
        typed(from, [&](auto* type) {
            using T = TYPE(type);
            auto work = [&](int64_t begin, int64_t end) { row_loops<T>().drop_relu(in<T>(from), out<T>(y), begin, end, squared, how); };
            at::parallel_for(0, y.numel(), GRAIN, work);
        });
        ctx->saved_data["scale"] = static_cast<double>(how.scale);
        ctx->saved_data["squared"] = squared;
        ctx->save_for_backward({y});
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        auto scale = static_cast<float>(ctx->saved_data["scale"].toDouble());
        bool squared = ctx->saved_data["squared"].toBool();
        auto y = ctx->get_saved_variables()[0], g = gradients[0].contiguous(), dx = at::empty_like(g);
        typed(g, [&](auto* type) {
            using T = TYPE(type);
            auto work = [&](int64_t begin, int64_t end) { row_loops<T>().drop_relu_back(in<T>(g), in<T>(y), out<T>(dx), begin, end, squared, scale); };
            at::parallel_for(0, dx.numel(), GRAIN, work);
        });
        return {dx, Tensor(), Tensor()};
    }
};

}  // namespace

extern "C" {

char* enredo_dropout(const Tensor* x, const Tensor* residual, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(Dropout::apply(*x, *residual, p)); });
}

char* enredo_relu_dropout(const Tensor* x, int squared, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(ReluDropout::apply(*x, squared != 0, p)); });
}

}  // extern "C"
