// The kernels for AVX-512.

#include "CVectorKernels.h"
#include "vnni.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_avx512.h"

#include "kernels.h"
#include "int8_words.h"
#include "int8.h"
#pragma clang attribute pop

static const vk_int8_kernels int8 = INT8_KERNELS;
static const vk_kernels kernels = KERNELS("avx512", &int8);
static const vk_kernels kernels_with_vnni = KERNELS("avx512", &vk_int8_vnni);

const vk_kernels *vk_avx512_without_vnni(void) {
  // Also asks whether the system keeps the registers.
  int supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return supported ? &kernels : NULL;
}

const vk_kernels *vk_avx512(void) {
  const vk_kernels *without = vk_avx512_without_vnni();
  return without && __builtin_cpu_supports("avx512vnni") ? &kernels_with_vnni : without;
}

#else

const vk_kernels *vk_avx512(void) { return NULL; }
const vk_kernels *vk_avx512_without_vnni(void) { return NULL; }

#endif
