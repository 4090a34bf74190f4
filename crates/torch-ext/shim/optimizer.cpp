// One call for all parameters of a step.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <vector>

#include "caught.h"

using at::Tensor;

namespace {

std::vector<Tensor> list(Tensor* const* tensors, size_t count) {
    std::vector<Tensor> all;
    all.reserve(count);
    for (size_t i = 0; i < count; i++) all.push_back(*tensors[i]);
    return all;
}

// The kernel walks over raw memory, by the parameter's length.
void fits(const Tensor& parameter, const Tensor& other) {
    TORCH_CHECK(other.sizes() == parameter.sizes() && other.scalar_type() == parameter.scalar_type() &&
                    other.device() == parameter.device() && other.is_contiguous() && parameter.is_contiguous(),
                "a gradient or moment does not fit its parameter");
}

}  // namespace

extern "C" {

char* enredo_norm(Tensor* const* tensors, size_t count, Tensor** out) {
    return caught([&] {
        at::NoGradGuard guard;
        auto norms = at::stack(at::_foreach_norm(list(tensors, count), 2)).to(at::kDouble);
        *out = new Tensor(at::linalg_vector_norm(norms, 2));
    });
}

// `steps` holds the number of this update in one f32 for each parameter; the gradients are divided by `divisor`.
char* enredo_adamw(Tensor* const* parameters, Tensor* const* gradients, Tensor* const* means, Tensor* const* squares,
                   Tensor* const* steps, size_t count, double lr, double beta1, double beta2, double decay, double eps,
                   const Tensor* divisor) {
    return caught([&] {
        at::NoGradGuard guard;
        for (size_t i = 0; i < count; i++) {
            for (auto* other : {gradients[i], means[i], squares[i]}) fits(*parameters[i], *other);
        }
        at::_fused_adamw_(list(parameters, count), list(gradients, count), list(means, count), list(squares, count), {},
                          list(steps, count), lr, beta1, beta2, decay, eps, false, false, *divisor, std::nullopt);
        // What is kept of a parameter goes by its version, which this operation leaves as it is.
        for (size_t i = 0; i < count; i++) parameters[i]->unsafeGetTensorImpl()->bump_version();
    });
}

}  // extern "C"
