// Kernels in tables that are chosen at run time: here for x86-64 with AVX2 or AVX-512; a table of others is made of
// functions in Swift.
//
// Every function computes a row, or a lane, by the same operations in the same order whatever the other rows
// of the call are: results do not depend on how work is split.

#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Columns of a panel of a packed matrix; the last panel is as narrow as it can be, in steps of 16.
enum { VK_PANEL = 48, VK_PANEL_STEP = 16 };

/// Keys whose scores attention makes at a time: scores, queries and sums stay in the first-level cache.
enum { VK_KEY_BLOCK = 128 };

/// Some keys of one head with their values, to be packed for attention.
typedef struct {
  ptrdiff_t keys, width;
  const float *key, *value;
  ptrdiff_t key_stride, value_stride;
} vk_tokens;

/// What a product goes through before it is stored.
enum { VK_IDENTITY = 0, VK_RELU = 1, VK_QUICK_GELU = 2, VK_GELU = 3, VK_RELU6 = 4 };

/// y = activation(x·B + bias), or y += x·B + bias; x is `rows × depth`, B is `depth × columns`.
typedef struct {
  ptrdiff_t rows, columns, depth;
  const float *x;
  ptrdiff_t x_stride;
  float *y;
  ptrdiff_t y_stride;
  /// One a column, or NULL.
  const float *_Nullable bias;
  int activation;
  /// Whether the result is added to what `y` holds.
  int accumulate;
} vk_product;

/// The largest magnitude of a weight of 8 bits.
enum { VK_INT8_WEIGHT = 127 };

/// A row of which the largest and the smallest number, or 0 in the place of either, are less apart is quantised to zeros.
#define VK_INT8_LEAST 1e-30f

/// What a quantised row means: q stands for (q − zero)·scale, with q and zero of 0 to 255.
typedef struct {
  float scale;
  int32_t zero;
} vk_int8_row;

/// y = activation(x·B + bias), or y += x·B + bias, with x and B quantised to 8 bits: x is `rows × depth`, B is `depth ×
/// columns`. Depths go up to 65,536: a sum of 32 bits holds so many products.
typedef struct {
  ptrdiff_t rows, columns, depth;
  /// Rows from `quantize` of the same kernels, `x_stride` bytes apart, and what each gave back.
  const void *x;
  ptrdiff_t x_stride;
  const vk_int8_row *x_rows;
  /// What the weights of each column are multiples of.
  const float *scales;
  float *y;
  ptrdiff_t y_stride;
  /// One a column, or NULL.
  const float *_Nullable bias;
  int activation;
  /// Whether the result is added to what `y` holds.
  int accumulate;
} vk_int8_product;

/// Products of 8-bit integers. Sums are exact: all sets come to the same bits but for what activations round.
typedef struct {
  /// Bytes of an activation in a quantised row, which has them for the depth rounded up to a multiple of 4.
  ptrdiff_t activation_bytes;
  /// Quantises `count` numbers, each to the nearest, ties to even: 256 steps from the smallest, or 0, to the largest, or 0. Where
  /// one is an infinity or NaN, or they are further apart than floats go, the scale is NaN, and so is any product with the row.
  vk_int8_row (*quantize)(const float *x, ptrdiff_t count, void *row);
  /// Packs the columns of a matrix that is given as `[columns, depth]`, within ±VK_INT8_WEIGHT, to `vk_int8_packed_count` bytes.
  void (*pack)(const int8_t *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, void *packed);
  /// The product with B packed.
  void (*multiply)(const vk_int8_product *product, const void *packed);
} vk_int8_kernels;

/// Attention of one head for up to VK_PANEL queries: out = softmax(scale·q·kᵀ)·v.
typedef struct {
  ptrdiff_t queries, keys, width;
  const float *query;
  ptrdiff_t query_stride;
  /// Keys and values, `2·keys·width` floats: blocks of VK_KEY_BLOCK keys, each from `pack_tokens`, one after the other.
  const float *tokens;
  float scale;
  float *out;
  ptrdiff_t out_stride;
  /// `vk_attention_scratch(width)` floats, aligned to 64 bytes.
  float *scratch;
} vk_attention;

/// One row of a depthwise convolution over places × channels, ReLU6 applied: out[x, c] = Σ weight[dy·kernel + dx, c]·rows[dy][x·stride
/// − before + dx, c] + bias[c].
typedef struct {
  ptrdiff_t channels, kernel, stride;
  /// Places of padding before the first one.
  ptrdiff_t before;
  /// The inputs' rows under the kernel, `[columns, channels]` each; NULL beyond the edges.
  const float *_Nullable rows[5];
  ptrdiff_t columns;
  /// `[kernel², channels]`
  const float *weight;
  const float *bias;
  /// Outputs in the row.
  ptrdiff_t outputs;
  float *out;
} vk_depthwise;

/// The kernels of one instruction set.
typedef struct {
  const char *name;

  /// Packs the columns `panel·VK_PANEL …` of a matrix that is given as `[columns, depth]`.
  void (*pack_panel)(
      const float *b, ptrdiff_t b_stride, ptrdiff_t columns, ptrdiff_t depth, ptrdiff_t panel, float *packed);
  /// The product with B packed panel by panel.
  void (*multiply_packed)(const vk_product *product, const float *packed);
  /// The product with alpha·B, packed on the way: B is `[columns, depth]` where `transposed`, else `[depth,
  /// columns]`.
  void (*multiply)(
      const vk_product *product, const float *b, ptrdiff_t b_stride, int transposed, float alpha);

  /// Packs up to VK_KEY_BLOCK keys and values to `2·keys·width` floats.
  void (*pack_tokens)(const vk_tokens *tokens, float *packed);
  void (*attend)(const vk_attention *attention);

  void (*depthwise)(const vk_depthwise *convolution);

  /// Replaces x by its softmax.
  void (*softmax)(float *x, ptrdiff_t count);
  /// x = activation(x)
  void (*activate)(float *x, ptrdiff_t count, int activation);
  /// x = 1 / (1 + e⁻ˣ)
  void (*sigmoid)(float *x, ptrdiff_t count);
  /// y = (x − mean) / √(variance + epsilon)·weight + bias
  void (*normalize)(
      const float *x, float *y, ptrdiff_t count, const float *weight, const float *bias, float epsilon);
  /// Σ a·b
  float (*dot)(const float *a, const float *b, ptrdiff_t count);
  /// y += factor·x
  void (*add_scaled)(float *y, const float *x, ptrdiff_t count, float factor);
  /// Where x > best: best = x, winner = number
  void (*keep_larger)(const float *x, ptrdiff_t count, float number, float *best, float *winner);

  /// Writes `count` numbers of half precision, at any alignment, to `target`, exactly; a NaN keeps all of its bits.
  void (*widen_halves)(const void *source, ptrdiff_t count, float *target);

  /// Products of 8-bit integers.
  const vk_int8_kernels *int8;
} vk_kernels;

/// The kernels for AVX2 with FMA and F16C, or NULL where this processor or system has none.
const vk_kernels *_Nullable vk_avx2(void);
/// The kernels for AVX-512 (F, BW, DQ, VL, and VNNI where there is), or NULL where this processor or system has none.
const vk_kernels *_Nullable vk_avx512(void);
/// As `vk_avx512`, without the instructions of VNNI where the processor has them: for tests. The same bits.
const vk_kernels *_Nullable vk_avx512_without_vnni(void);
/// The kernels for AVX-512, each vector as two of AVX2's: the same operations lane by lane, and the same bits. They are slow,
/// and there so that tests need no processor with AVX-512. NULL where there is no AVX2.
const vk_kernels *_Nullable vk_avx512_pairs(void);

/// Tells the processor that a loop waits for another thread: it saves power, and leaves its core's other thread more room.
static inline void vk_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Floats of a packed matrix of `depth × columns`.
size_t vk_packed_count(size_t columns, size_t depth);
/// Bytes of a packed matrix of `depth × columns` of 8-bit integers.
size_t vk_int8_packed_count(size_t columns, size_t depth);
/// Floats that `attend` needs for heads of `width` channels.
size_t vk_attention_scratch(size_t width);

#pragma clang assume_nonnull end

#endif
