// The kernels for AVX-512.

#include "CVectorKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_avx512.h"

#define KERNELS_NAME "avx512"
#include "kernels.h"
#pragma clang attribute pop

const vk_kernels *vk_avx512(void) {
  // Also asks whether the system keeps the registers.
  int supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return supported ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx512(void) { return NULL; }

#endif
