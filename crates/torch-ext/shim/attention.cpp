// Causal attention with dropout, of all heads, from the three projections as they lie in one matrix.

#include "function.h"

namespace {

// (B, T, 3C) → (B, T, C).
struct Attention : Function<Attention> {
    static Tensor forward(AutogradContext* ctx, const Tensor& qkv, int64_t heads, double p) {
        TORCH_CHECK(qkv.dim() == 3 && heads > 0 && qkv.size(2) % (3 * heads) == 0, "the projections of ", heads, " heads have (B, T, 3C) numbers, of which C is a multiple of the heads");
        Drop how = drawn(p);
        save(ctx, how);
        ctx->saved_data["heads"] = heads;
        auto from = qkv.contiguous();
        auto y = at::empty({from.size(0), from.size(1), from.size(2) / 3}, from.options());
        auto sums = at::empty({from.size(0), heads, from.size(1)}, from.options().dtype(at::kFloat));
        typed(from, [&](auto* type) {
            using T = TYPE(type);
            each(from, heads, [&](int64_t i, int64_t at, int64_t of, Head head, float* room) {
                head_loops<T>().attention(in<T>(from) + at, out<T>(y) + of, out<float>(sums) + i * head.t, room, head, how);
            });
        });
        ctx->save_for_backward({from, sums});
        return y;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        Drop how = saved(ctx);
        auto kept = ctx->get_saved_variables();
        auto g = gradients[0].contiguous(), qkv = kept[0], sums = kept[1], d = at::empty_like(qkv);
        typed(qkv, [&](auto* type) {
            using T = TYPE(type);
            each(qkv, ctx->saved_data["heads"].toInt(), [&](int64_t i, int64_t at, int64_t of, Head head, float* room) {
                head_loops<T>().attention_back(in<T>(g) + of, in<T>(qkv) + at, in<float>(sums) + i * head.t, out<T>(d) + at, room, head, how);
            });
        });
        return {d, Tensor(), Tensor()};
    }

    // Calls `work` for each head of each document: its number, its places in the projections and in what comes of
    // them, and room.
    template <typename F>
    static void each(const Tensor& qkv, int64_t heads, F&& work) {
        int64_t t = qkv.size(1), c = qkv.size(2) / 3, d = c / heads;
        auto factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(d)));
        at::parallel_for(0, qkv.size(0) * heads, grain(t * d), [&](int64_t begin, int64_t end) {
            auto room = at::empty({head_loops<float>().room(t, d)}, at::kFloat);
            for (int64_t i = begin; i < end; i++) {
                int64_t row = i / heads * t, column = i % heads * d;
                Head head{t, d, 3 * c, c, factor, static_cast<uint32_t>(i * t * t)};
                work(i, row * 3 * c + column, row * c + column, head, out<float>(room));
            }
        });
    }
};

}  // namespace

extern "C" char* enredo_attention(const Tensor* qkv, int64_t heads, double p, Tensor** out) {
    return caught([&] { *out = new Tensor(Attention::apply(*qkv, heads, p)); });
}
