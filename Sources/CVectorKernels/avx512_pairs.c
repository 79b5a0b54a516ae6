// The kernels for AVX-512 on pairs of AVX2 vectors: their tests run where there is no AVX-512.

#include "CVectorKernels.h"
#include "emulated.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_pairs.h"

#include "kernels.h"
#include "int8_words.h"
#include "int8.h"
#include "lanes_bf16_emulated.h"
#include "bf16.h"
#include "bf16_attention.h"
#pragma clang attribute pop

static const vk_int8_kernels int8 = INT8_KERNELS;
static const vk_bf16_kernels bf16 = BF16_KERNELS(1);
static const vk_kernels kernels = KERNELS("pairs", &int8, &bf16);

const vk_bf16_kernels vk_bf16_emulated = BF16_KERNELS(0);

const vk_kernels *vk_avx512_pairs(void) {
  // Also asks whether the system keeps the registers.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx512_pairs(void) { return NULL; }

#endif
