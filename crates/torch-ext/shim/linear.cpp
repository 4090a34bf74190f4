// Matrix products of f32 weights with activations of either type, in the type of the activations.

#include <ATen/ops/_unsafe_view.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>

#include <climits>

#include "function.h"

#if defined(__linux__) && defined(__x86_64__)
#define ENREDO_MKL
// MKL's own, which libtorch holds: products of bf16 in f32, without a step in between. Where it is not, the loader
// leaves a null pointer.
extern "C" void cblas_gemm_bf16bf16f32(int layout, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const void* a, int lda,
                                       const void* b, int ldb, float beta, float* c, int ldc) __attribute__((weak));
#endif

namespace {

// (…, in) → (N, in)
Tensor flat(const Tensor& x) {
    return x.reshape({-1, x.size(-1)});
}

// The weights, rounded where x is.
Tensor in_type_of(const Tensor& x, const Tensor& weight) {
    TORCH_CHECK(weight.scalar_type() == at::kFloat, "weights are f32, not ", weight.scalar_type());
    if (x.scalar_type() == at::kFloat) return weight;
    auto from = weight.contiguous(), to = at::empty_like(from, x.options());
    at::parallel_for(0, to.numel(), GRAIN, [&](int64_t begin, int64_t end) { row_loops<Half>().narrow(in<float>(from), out<Half>(to), begin, end); });
    return to;
}

// aᵀ b in f32, of (N, m) and (N, n): (m, n).
Tensor turned_product(const Tensor& a, const Tensor& b) {
#ifdef ENREDO_MKL
    int64_t sizes[] = {a.size(0), a.size(1), b.size(1)};
    auto fits = [](int64_t size) { return size > 0 && size <= INT_MAX; };
    if (cblas_gemm_bf16bf16f32 && a.scalar_type() == at::kBFloat16 && std::all_of(sizes, sizes + 3, fits)) {
        constexpr int ROWS = 101, PLAIN = 111, TURNED = 112;
        auto n = static_cast<int>(sizes[0]), rows = static_cast<int>(sizes[1]), columns = static_cast<int>(sizes[2]);
        auto x = a.contiguous(), y = b.contiguous(), product = at::empty({rows, columns}, at::kFloat);
        cblas_gemm_bf16bf16f32(ROWS, TURNED, PLAIN, rows, columns, n, 1.0f, in<Half>(x), rows, in<Half>(y), columns, 0.0f, out<float>(product), columns);
        return product;
    }
#endif
    return at::mm(a.t(), b).to(at::kFloat);
}

// The sum of all rows of (N, c), in f32: (c).
Tensor added(const Tensor& x) {
    auto from = x.contiguous();
    int64_t c = from.size(1);
    Tensor sums;
    typed(from, [&](auto* type) {
        using T = TYPE(type);
        sums = summed(from.size(0), c, c, [&](int64_t begin, int64_t end, float* part) { row_loops<T>().add_rows(in<T>(from), part, begin, end, c); });
    });
    return sums;
}

// x Wᵀ + b.
struct Linear : Function<Linear> {
    static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Tensor& bias) {
        auto from = flat(x), w = in_type_of(x, weight), b = bias.contiguous(), y = at::mm(from, w.t());
        int64_t c = y.size(1);
        TORCH_CHECK(b.numel() == c && b.scalar_type() == at::kFloat, "each of ", c, " outputs has an f32 bias");
        typed(y, [&](auto* type) {
            using T = TYPE(type);
            at::parallel_for(0, y.size(0), grain(c), [&](int64_t begin, int64_t end) { row_loops<T>().add_to_rows(in<float>(b), out<T>(y), begin, end, c); });
        });
        ctx->save_for_backward({from, w});
        auto shape = x.sizes().vec();
        shape.back() = c;
        return at::_unsafe_view(y, shape);  // a view could not be changed in place
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        auto kept = ctx->get_saved_variables();
        auto x = kept[0], w = kept[1], g = flat(gradients[0]);
        auto shape = gradients[0].sizes().vec();
        shape.back() = w.size(1);
        return {at::mm(g, w).view(shape), turned_product(g, x), added(g)};
    }
};

// Σ cross-entropy of x Wᵀ + b against `targets`, PAD left out, times `share`. The gradients are made on the way
// forth, a chunk of rows at a time, so that of all logits only a chunk's are ever there (Wijmans et al., arXiv
// 2411.09009; Hsu et al., arXiv 2410.10989).
struct CrossEntropy : Function<CrossEntropy> {
    static constexpr int64_t CHUNK = 2048;

    static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& targets, int64_t pad, double share, bool learns) {
        auto from = flat(x), w = in_type_of(x, weight), b = bias.contiguous(), to = targets.contiguous();
        int64_t n = from.size(0), v = w.size(0);
        TORCH_CHECK(to.numel() == n && to.scalar_type() == at::kLong && b.numel() == v && b.scalar_type() == at::kFloat, "each of ", n, " rows has a target, and each of ", v, " tokens an f32 bias");
        const int64_t* target = in<int64_t>(to);
        for (int64_t i = 0; i < n; i++) {
            TORCH_CHECK(target[i] == pad || (target[i] >= 0 && target[i] < v), "target ", target[i], " is not one of ", v, " tokens");
        }
        auto dx = at::empty_like(from);
        Tensor dw, db = at::zeros({v}, at::kFloat);
        double loss = 0.0;
        for (int64_t begin = 0; begin < n; begin += CHUNK) {
            int64_t rows = std::min(CHUNK, n - begin);
            auto part = from.narrow(0, begin, rows), logits = at::mm(part, w.t());
            loss += slopes(logits, b, target + begin, pad, share, db);
            if (!learns) continue;
            auto to_x = dx.narrow(0, begin, rows);
            at::mm_out(to_x, logits, w);
            auto to_w = turned_product(logits, part);
            dw = dw.defined() ? dw.add_(to_w) : to_w;
        }
        if (learns) ctx->save_for_backward({dx.view(x.sizes()), dw.defined() ? dw : at::zeros_like(weight), db});
        return at::full({}, loss, at::kFloat);
    }

    // Turns logits into their gradient, adds the bias' one to db, and returns the loss.
    static double slopes(const Tensor& logits, const Tensor& bias, const int64_t* targets, int64_t pad, double share, const Tensor& db) {
        int64_t rows = logits.size(0), v = logits.size(1);
        auto losses = at::zeros({at::get_num_threads()}, at::kDouble);
        typed(logits, [&](auto* type) {
            using T = TYPE(type);
            db.add_(summed(rows, v, v, [&](int64_t begin, int64_t end, float* sums) {
                auto row = at::empty({v}, at::kFloat);
                out<double>(losses)[at::get_thread_num()] += row_loops<T>().cross_entropy(
                    out<T>(logits), in<float>(bias), targets, pad, static_cast<float>(share), sums, out<float>(row), begin, end, v);
            }));
        });
        return losses.sum().item<double>();
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        once_only();
        auto kept = ctx->get_saved_variables();
        double factor = gradients[0].item<double>();
        auto scaled = [&](const Tensor& d) { return factor == 1.0 ? d : d.mul(factor); };
        return {scaled(kept[0]), scaled(kept[1]), scaled(kept[2]), Tensor(), Tensor(), Tensor(), Tensor()};
    }
};

}  // namespace

extern "C" {

char* enredo_linear(const Tensor* x, const Tensor* weight, const Tensor* bias, Tensor** out) {
    return caught([&] { *out = new Tensor(Linear::apply(*x, *weight, *bias)); });
}

char* enredo_cross_entropy(const Tensor* x, const Tensor* weight, const Tensor* bias, const Tensor* targets, int64_t pad, double share, Tensor** out) {
    return caught([&] {
        bool learns = at::GradMode::is_enabled() && (x->requires_grad() || weight->requires_grad() || bias->requires_grad());
        *out = new Tensor(CrossEntropy::apply(*x, *weight, *bias, *targets, pad, share, learns));
    });
}

}  // extern "C"
