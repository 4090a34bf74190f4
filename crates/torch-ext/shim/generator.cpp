// The states of the generators of random numbers.

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdlib>
#include <mutex>

#include "caught.h"

namespace {

// The processor's generator for an index below 0, else that of a CUDA device.
at::Generator generator(int cuda) {
    auto device = cuda < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(cuda));
    return at::globalContext().defaultGenerator(device);
}

}  // namespace

extern "C" {

void enredo_free(char* message) {
    free(message);
}

char* enredo_generator_state(int cuda, at::Tensor** out) {
    return caught([&] {
        auto source = generator(cuda);
        std::lock_guard<std::mutex> lock(source.mutex());
        *out = new at::Tensor(source.get_state());
    });
}

char* enredo_set_generator_state(int cuda, const at::Tensor* state) {
    return caught([&] {
        auto target = generator(cuda);
        std::lock_guard<std::mutex> lock(target.mutex());
        target.set_state(*state);
    });
}

}  // extern "C"
