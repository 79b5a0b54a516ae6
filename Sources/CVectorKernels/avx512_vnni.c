// Products of 8-bit integers for AVX-512 with VNNI.

#include "CVectorKernels.h"
#include "vnni.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
#include "lanes_eight.h"
#include "lanes_avx512.h"
#include "functions.h"
#include "sizes.h"
#include "int8_vnni.h"
#include "int8.h"
#pragma clang attribute pop

const vk_int8_kernels vk_int8_vnni = INT8_KERNELS;

#endif
