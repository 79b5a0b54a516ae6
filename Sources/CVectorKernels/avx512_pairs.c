// The kernels for AVX-512 on pairs of AVX2 vectors: their tests run where there is no AVX-512.

#include "CVectorKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_pairs.h"

#include "kernels.h"
#include "int8_words.h"
#include "int8.h"
#pragma clang attribute pop

static const vk_int8_kernels int8 = INT8_KERNELS;
static const vk_kernels kernels = KERNELS("pairs", &int8);

const vk_kernels *vk_avx512_pairs(void) {
  // Also asks whether the system keeps the registers.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx512_pairs(void) { return NULL; }

#endif
