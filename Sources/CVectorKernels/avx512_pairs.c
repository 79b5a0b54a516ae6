// The kernels for AVX-512 on pairs of AVX2 vectors: their tests run where there is no AVX-512.

#include "CVectorKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_pairs.h"

#define KERNELS_NAME "pairs"
#include "kernels.h"
#pragma clang attribute pop

const vk_kernels *vk_avx512_pairs(void) {
  // Also asks whether the system keeps the registers.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx512_pairs(void) { return NULL; }

#endif
