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
INLINE Bits mixed(Bits x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// Sixteen elements from the i-th on, after dropout.
INLINE Lanes dropout(Lanes x, int64_t i, const Drop& how) {
    if (how.bound == 0) return x;
    Bits place = ORDER + static_cast<uint32_t>(i) + how.first;
    return mixed(mixed(place) ^ how.second) < how.bound ? Lanes{} : x * how.scale;
}
