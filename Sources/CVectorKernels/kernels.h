// All kernels over the lanes that the including file has chosen, as one table named KERNELS_NAME.

#include "functions.h"
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

static const vk_kernels kernels = {
    .name = KERNELS_NAME,
    .pack_panel = pack_panel,
    .multiply_packed = multiply_packed,
    .multiply = multiply,
    .pack_tokens = pack_tokens,
    .attend = attend,
    .depthwise = depthwise,
    .softmax = softmax_row,
    .activate = activate_row,
    .sigmoid = sigmoid_row,
    .normalize = normalize_row,
    .dot = dot_rows,
    .add_scaled = add_scaled_row,
    .keep_larger = keep_larger_row,
};
