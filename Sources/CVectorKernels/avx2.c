// The kernels for AVX2 with FMA and F16C.

#include "CVectorKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_avx2.h"

#include "kernels.h"
#include "int8_words.h"
#include "int8.h"
#pragma clang attribute pop

static const vk_int8_kernels int8 = INT8_KERNELS;
static const vk_kernels kernels = KERNELS("avx2", &int8);

const vk_kernels *vk_avx2(void) {
  // Also asks whether the system keeps the registers.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx2(void) { return NULL; }

#endif
