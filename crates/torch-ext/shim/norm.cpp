// Layer norm (Ba et al., arXiv 1607.06450), with the dropout and the residual before it.

#include "function.h"

namespace {

// norm(residual + dropout(x)) · w + b over the last dimension; without a residual norm(x) · w + b.
struct Norm : Function<Norm> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, const std::optional<Tensor>& residual, const Tensor& weight, const Tensor& bias, double eps, double p) {
        int64_t c = x.size(-1), rows = c > 0 ? x.numel() / c : 0;
        TORCH_CHECK(weight.numel() == c && bias.numel() == c && weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat, "a norm of ", c, " numbers has f32 weights and biases of as many");
        TORCH_CHECK(!residual || (x.sizes() == residual->sizes() && x.scalar_type() == residual->scalar_type()), "a residual has the shape and the type of what is added to it");
        Drop how = drawn(p);
        save(ctx, how);
        bool adds = residual.has_value();
        auto from = x.contiguous(), base = adds ? residual->contiguous() : from;
        auto w = weight.contiguous(), b = bias.contiguous(), y = at::empty_like(from), z = adds ? at::empty_like(from) : from;
        auto moments = at::empty({rows, 2}, w.options());
        typed(from, [&](auto* type) {
            using T = TYPE(type);
            auto work = [&](int64_t begin, int64_t end) {
                auto room = at::empty({c}, at::kFloat);
                row_loops<T>().norm(in<T>(from), adds ? in<T>(base) : nullptr, in<float>(w), in<float>(b), static_cast<float>(eps), adds ? out<T>(z) : nullptr,
                     out<T>(y), out<float>(moments), out<float>(room), begin, end, c, how);
            };
            at::parallel_for(0, rows, grain(c), work);
        });
        ctx->saved_data["adds"] = adds;
        ctx->save_for_backward({z, moments, w});
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        Drop how = saved(ctx);
        auto kept = ctx->get_saved_variables();
        auto g = gradients[0].contiguous(), z = kept[0], moments = kept[1], w = kept[2];
        bool adds = ctx->saved_data["adds"].toBool(), drops = adds && how.bound > 0;
        int64_t c = z.size(-1);
        auto dz = at::empty_like(z), dx = drops ? at::empty_like(z) : dz;
        Tensor both;
        typed(z, [&](auto* type) {
            using T = TYPE(type);
            both = summed(moments.size(0), c, 2 * c, [&](int64_t begin, int64_t end, float* sums) {
                auto room = at::empty({2 * c}, at::kFloat);
                row_loops<T>().norm_back(in<T>(g), in<T>(z), in<float>(w), in<float>(moments), out<T>(dz), drops ? out<T>(dx) : nullptr, sums, sums + c, out<float>(room), begin, end, c, how);
            });
        });
        return {dx, adds ? dz : Tensor(), both.narrow(0, 0, c), both.narrow(0, c, c), Tensor(), Tensor()};
    }
};

}  // namespace

extern "C" char* enredo_norm_layer(const Tensor* x, const Tensor* residual, const Tensor* weight, const Tensor* bias, double eps, double p, Tensor** out) {
    return caught([&] {
        auto added = residual ? std::optional<Tensor>(*residual) : std::nullopt;
        *out = new Tensor(Norm::apply(*x, added, *weight, *bias, eps, p));
    });
}
