// Which elements are dropped: a hash of the element's place and of two numbers that each call draws from libtorch's
// generator, so that no mask is written, and the state of that generator decides all of it.

#pragma once

#include "number.h"

// Two numbers drawn for each call, the bound below which a hash drops its element, and what the others are
// multiplied by.
struct Drop {
    uint32_t first, second, bound;
    float scale;
};

// Wellons' lowbias32: a bijection of 32 bits with an avalanche bias of 0.17.
INLINE uint32_t mixed(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// 0 for a dropped element, else the scale.
INLINE float kept(uint32_t i, const Drop& how) {
    return mixed(mixed(i + how.first) ^ how.second) < how.bound ? 0.0f : how.scale;
}
