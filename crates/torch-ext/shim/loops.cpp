// Which loops a machine runs: those of the instruction set that libtorch's own kernels run in, as
// ATEN_CPU_CAPABILITY=default or =avx2 can set it.

#include "loops.h"

#include <ATen/Version.h>

namespace {

// That of 16, 8 or 4 lanes.
template <typename Loops>
const Loops& best(const Loops& avx512, const Loops& avx2, const Loops& any) {
    auto set = at::get_cpu_capability();
    return set == "AVX512" ? avx512 : set == "AVX2" ? avx2 : any;
}

}  // namespace

template <typename T>
const RowLoops<T>& row_loops() {
#ifdef SEVERAL_SETS
    static const auto& loops = best(row_loops_of<16, T>(), row_loops_of<8, T>(), row_loops_of<4, T>());
    return loops;
#else
    return row_loops_of<4, T>();
#endif
}

template <typename T>
const HeadLoops<T>& head_loops() {
#ifdef SEVERAL_SETS
    static const auto& loops = best(head_loops_of<16, T>(), head_loops_of<8, T>(), head_loops_of<4, T>());
    return loops;
#else
    return head_loops_of<4, T>();
#endif
}

template <typename W>
const StepLoops<W>& step_loops() {
#ifdef SEVERAL_SETS
    static const auto& loops = best(step_loops_of<16, W>(), step_loops_of<8, W>(), step_loops_of<4, W>());
    return loops;
#else
    return step_loops_of<4, W>();
#endif
}

template const RowLoops<float>& row_loops();
template const RowLoops<Half>& row_loops();
template const HeadLoops<float>& head_loops();
template const HeadLoops<Half>& head_loops();
template const StepLoops<float>& step_loops();
template const StepLoops<Half>& step_loops();
