// libtorch's matrix products are MKL's, which asks this function before it takes its fast kernels. Processors of
// other makers run them as well: 425 GFLOP/s in place of 188 on two cores of an EPYC, at a model of width 128.
// Which instructions there are, MKL finds out by itself.
extern "C" int mkl_serv_intel_cpu_true() {
    return 1;
}
