// The kernels for AVX2 with FMA.

#include "CVectorKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "lanes_avx2.h"

#include "functions.h"
#include "rows.h"
#include "packing.h"
#include "tile.h"
#include "product.h"
#include "attention.h"
#pragma clang attribute pop

static const vk_kernels kernels = {
    .name = "avx2",
    .pack_panel = pack_panel,
    .multiply_packed = multiply_packed,
    .multiply = multiply,
    .attend = attend,
    .softmax = softmax_row,
    .activate = activate_row,
    .sigmoid = sigmoid_row,
    .normalize = normalize_row,
    .dot = dot_rows,
    .add_scaled = add_scaled_row,
};

const vk_kernels *vk_avx2(void) {
  // Also asks whether the system keeps the registers.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels : NULL;
}

#else

const vk_kernels *vk_avx2(void) { return NULL; }

#endif
