// All kernels over the lanes that the including file has chosen, but for products of 8-bit integers, which it adds.

#include "functions.h"
#include "sizes.h"
#include "rows.h"
#include "packing.h"
#if TILE_IS_WIDE
#include "tile_wide.h"
#else
#include "tile_narrow.h"
#endif
#include "product.h"
#include "attention.h"
#include "depthwise.h"
#include "halves.h"

/// One table of all, with a pointer to the kernels of 8-bit integers.
#define KERNELS(table_name, int8_kernels) \
  { \
    .name = table_name, .pack_panel = pack_panel, .multiply_packed = multiply_packed, .multiply = multiply, \
    .pack_tokens = pack_tokens, .attend = attend, .depthwise = depthwise, .softmax = softmax_row, .activate = activate_row, \
    .sigmoid = sigmoid_row, .normalize = normalize_row, .dot = dot_rows, .add_scaled = add_scaled_row, \
    .keep_larger = keep_larger_row, .widen_halves = widen_halves, .int8 = int8_kernels \
  }
