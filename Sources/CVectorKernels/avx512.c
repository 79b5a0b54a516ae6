// The kernels for AVX-512.

#include "CVectorKernels.h"
#include "emulated.h"
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

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"))), apply_to = function)
#include "lanes_bf16.h"
#include "bf16.h"
#include "bf16_attention.h"
#pragma clang attribute pop

static const vk_int8_kernels int8 = INT8_KERNELS;
static const vk_bf16_kernels bf16 = BF16_KERNELS(1);
static const vk_kernels kernels = KERNELS("avx512", &int8, &vk_bf16_emulated);
static const vk_kernels kernels_with_vnni = KERNELS("avx512", &vk_int8_vnni, &vk_bf16_emulated);
static const vk_kernels kernels_with_bf16 = KERNELS("avx512", &vk_int8_vnni, &bf16);

const vk_kernels *vk_avx512_without_vnni(void) {
  // Also asks whether the system keeps the registers.
  int supported = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return supported ? &kernels : NULL;
}

const vk_kernels *vk_avx512(void) {
  const vk_kernels *without = vk_avx512_without_vnni();
  if (!without || !__builtin_cpu_supports("avx512vnni")) return without;
  // No processor has BF16 without VNNI.
  return __builtin_cpu_supports("avx512bf16") ? &kernels_with_bf16 : &kernels_with_vnni;
}

#else

const vk_kernels *vk_avx512(void) { return NULL; }
const vk_kernels *vk_avx512_without_vnni(void) { return NULL; }

#endif
