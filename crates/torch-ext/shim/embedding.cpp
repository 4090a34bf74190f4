// The vectors of tokens and of their positions, added up.

#include "function.h"

namespace {

// ids (B, T) → token[id] + position[t], (B, T, C) in f32 or bf16.
struct Embedding : Function<Embedding> {
    static Tensor forward(AutogradContext* ctx, const Tensor& ids, const Tensor& tokens, const Tensor& positions, bool half) {
        TORCH_CHECK(ids.dim() == 2 && tokens.dim() == 2 && positions.dim() == 2, "ids are (B, T), and embeddings have a row for each token or position");
        auto ids_ = ids.contiguous(), tokens_ = tokens.contiguous(), positions_ = positions.contiguous();
        int64_t t = ids_.size(1), c = tokens_.size(1), n = ids_.numel();
        TORCH_CHECK(ids_.scalar_type() == at::kLong && tokens_.scalar_type() == at::kFloat && positions_.scalar_type() == at::kFloat, "embeddings are f32, and ids whole numbers of 64 bits");
        TORCH_CHECK(positions_.size(0) >= t && positions_.size(1) == c, "there are vectors for ", positions_.size(0), " positions, and not for ", t);
        const int64_t* id = in<int64_t>(ids_);
        for (int64_t i = 0; i < n; i++) TORCH_CHECK_INDEX(id[i] >= 0 && id[i] < tokens_.size(0), "token ", id[i], " has no vector");
        auto y = at::empty({ids_.size(0), t, c}, tokens_.options().dtype(half ? at::kBFloat16 : at::kFloat));
        const float *all = in<float>(tokens_), *places = in<float>(positions_);
        typed(y, [&](auto* type) {
            using T = TYPE(type);
            at::parallel_for(0, n, grain(c), [&](int64_t begin, int64_t end) { row_loops<T>().embed(id, all, places, out<T>(y), begin, end, t, c); });
        });
        ctx->saved_data["tokens"] = tokens_.size(0);
        ctx->saved_data["positions"] = positions_.size(0);
        ctx->save_for_backward({ids_});
        return y;
    }

    // Each thread takes channels of its own, so that the sums are in one order.
    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        auto g = gradients[0].contiguous(), ids = ctx->get_saved_variables()[0];
        int64_t t = g.size(1), c = g.size(2), n = ids.numel();
        auto tokens = at::zeros({ctx->saved_data["tokens"].toInt(), c}, at::kFloat);
        auto positions = at::zeros({ctx->saved_data["positions"].toInt(), c}, at::kFloat);
        const int64_t* id = in<int64_t>(ids);
        float *all = out<float>(tokens), *places = out<float>(positions);
        typed(g, [&](auto* type) {
            using T = TYPE(type);
            at::parallel_for(0, c, std::max<int64_t>(16, grain(n)), [&](int64_t begin, int64_t end) { row_loops<T>().embed_back(in<T>(g), id, all, places, n, t, c, begin, end); });
        });
        return {Tensor(), tokens, positions, Tensor()};
    }
};

}  // namespace

extern "C" char* enredo_embedding(const Tensor* ids, const Tensor* tokens, const Tensor* positions, int half, Tensor** out) {
    return caught([&] { *out = new Tensor(Embedding::apply(*ids, *tokens, *positions, half != 0)); });
}
