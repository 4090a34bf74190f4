// DRY with breakers given as tokens. llama.cpp's C interface takes them as text and asks for a vocabulary.
#include <cstddef>
#include <cstdint>
#include <vector>

struct llama_sampler;

llama_sampler * llama_sampler_init_dry_testing(
        float multiplier, float base, int32_t allowed_length, int32_t penalty_last_n,
        const std::vector<std::vector<int32_t>> & breakers);

// `breakers` holds `count` sequences end to end; `lengths` says how long each is.
extern "C" llama_sampler * enredo_dry(
        float multiplier, float base, int32_t allowed_length, int32_t penalty_last_n,
        const int32_t * breakers, const size_t * lengths, size_t count) {
    std::vector<std::vector<int32_t>> sequences;
    for (size_t i = 0; i < count; breakers += lengths[i++]) {
        sequences.emplace_back(breakers, breakers + lengths[i]);
    }
    return llama_sampler_init_dry_testing(multiplier, base, allowed_length, penalty_last_n, sequences);
}
