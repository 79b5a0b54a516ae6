// Fused attention in bfloat16: as `attention.h`, with queries, keys, probabilities and values rounded to it, in pairs along
// what is summed over. Scores, the softmax and sums are of single precision.

/// Keys lie key by key, in pairs of channels, and values by tiles of channels, in pairs of keys, each [pairs of keys,
/// channels]: as they are read.
static void bf16_pack_tokens(const vk_tokens *p, void *packed) {
  const ptrdiff_t width = p->width, steps = bf16_steps(width), key_steps = bf16_steps(p->keys);
  int32_t *keys = packed, *values = keys + p->keys * steps;
  for (ptrdiff_t k = 0; k < p->keys; k++) bf16_round(p->key + k * p->key_stride, width, (uint16_t *)(keys + k * steps));
  for (ptrdiff_t k = 0; k < key_steps; k++) {
    const float *first = p->value + 2 * k * p->value_stride;
    const int alone = 2 * k + 1 == p->keys;
    for (ptrdiff_t c = 0; c < width; c += TILE_ROWS) {
      const int channels = (int)smaller(width - c, TILE_ROWS);
      const tail_mask mask = v_tail(channels);
      int32_t both[LANES];
      v_store_pairs(
          both, v_round_pairs(
                    v_load_tail(first + c, mask),
                    alone ? v_zero() : v_load_tail(first + p->value_stride + c, mask)));
      __builtin_memcpy(values + c * key_steps + k * channels, both, (size_t)channels * sizeof(int32_t));
    }
  }
}

/// Replaces the scores of `keys`, whose base is 2, by their exponentials, rounded, in pairs of keys, and updates the running
/// maxima and sums as `exponentiate_lanes` does. Sums are of the rounded ones: all weights add up to 1.
static inline __attribute__((always_inline)) void bf16_exponentiate_lanes(
    const int vectors, float *scores, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  const ptrdiff_t step = vectors * LANES;
  const pairs ones = v_set_pairs(0x3F803F80);
  vector largest[TILE_VECTORS], sum[TILE_VECTORS];
  for (int v = 0; v < vectors; v++) {
    largest[v] = v_load(maxima + v * LANES);
    sum[v] = v_zero();
  }
  for (ptrdiff_t k = 0; k < keys; k++) {
    for (int v = 0; v < vectors; v++) largest[v] = v_max(largest[v], v_load(scores + k * step + v * LANES));
  }
  // A pair takes the place of scores that have been read.
  for (ptrdiff_t k = 0; k < keys; k += 2) {
    for (int v = 0; v < vectors; v++) {
      const float *score = scores + k * step + v * LANES;
      const vector first = v_exp2(v_subtract(v_load(score), largest[v]));
      const vector second = k + 1 < keys ? v_exp2(v_subtract(v_load(score + step), largest[v])) : v_zero();
      const pairs both = v_round_pairs(first, second);
      sum[v] = v_dot(sum[v], both, ones);  // of no denormal numbers: the same anywhere
      v_store_pairs(scores + k / 2 * step + v * LANES, both);
    }
  }
  for (int v = 0; v < vectors; v++) {
    const vector factor = v_exp2(v_subtract(v_load(maxima + v * LANES), largest[v]));
    v_store(maxima + v * LANES, largest[v]);
    v_store(sums + v * LANES, v_fma(v_load(sums + v * LANES), factor, sum[v]));
    v_store(factors + v * LANES, factor);
  }
}

/// `bf16_exponentiate_lanes` for a strip of `width` lanes.
static inline void bf16_exponentiate_strip(
    float *scores, ptrdiff_t width, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  if (width == STRIP) bf16_exponentiate_lanes(TILE_VECTORS, scores, keys, maxima, sums, factors);
  else if (width == 2 * LANES) bf16_exponentiate_lanes(2, scores, keys, maxima, sums, factors);
  else bf16_exponentiate_lanes(1, scores, keys, maxima, sums, factors);
}

/// `lanes` columns of floats, [width, lanes], to pairs along the width.
static void bf16_pair_rows(const float *x, ptrdiff_t width, ptrdiff_t lanes, int32_t *out) {
  for (ptrdiff_t k = 0; k < width; k += 2) {
    for (ptrdiff_t i = 0; i < lanes; i += LANES) {
      const float *first = x + k * lanes + i;
      const vector second = k + 1 < width ? v_load(first + lanes) : v_zero();
      v_store_pairs(out + k / 2 * lanes + i, v_round_pairs(v_load(first), second));
    }
  }
}

static void bf16_attend(const vk_attention *p) {
  float part[TILE_ROWS * STRIP] __attribute__((aligned(64)));
  float factors[STRIP] __attribute__((aligned(64)));
  const ptrdiff_t width = p->width, steps = bf16_steps(width), lanes = padded(p->queries);
  int32_t *queries = (int32_t *)p->scratch;        // strips of [steps, ·]
  float *gathered = p->scratch + width * VK_PANEL;  // strips of [width, ·]
  float *scores = gathered + width * VK_PANEL;      // one strip of [keys, ·]
  float *maxima = scores + VK_KEY_BLOCK * VK_PANEL;
  float *sums = maxima + VK_PANEL;

  const float log2e = 1.44269504f;
  pack_rows(p->query, p->query_stride, p->queries, width, p->scale * log2e, gathered);
  for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
    bf16_pair_rows(gathered + i * width, width, strip_width(lanes, i), queries + i * steps);
  }
  start_attention(gathered, width, lanes, maxima, sums);

  for (ptrdiff_t start = 0; start < p->keys; start += VK_KEY_BLOCK) {
    const ptrdiff_t keys = smaller(p->keys - start, VK_KEY_BLOCK), key_steps = bf16_steps(keys);
    const int32_t *key = (const int32_t *)(p->tokens + 2 * start * width);
    const int32_t *value = key + keys * steps;
    for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
      const ptrdiff_t strip = strip_width(lanes, i);
      for (ptrdiff_t k = 0; k < keys; k += TILE_ROWS) {
        bf16_tile(
            (int)smaller(keys - k, TILE_ROWS), strip, steps, key + k * steps, steps, 1, queries + i * steps,
            scores + k * strip, strip);
      }
      bf16_exponentiate_strip(scores, strip, keys, maxima + i, sums + i, factors);
      for (ptrdiff_t c = 0; c < width; c += TILE_ROWS) {
        const int channels = (int)smaller(width - c, TILE_ROWS);
        bf16_tile(
            channels, strip, key_steps, value + c * key_steps, 1, channels, (const int32_t *)scores, part, STRIP);
        add_rescaled(part, channels, strip, factors, gathered + i * width + c * strip);
      }
    }
  }
  finish_attention(p, gathered, sums);
}

#define BF16_KERNELS(offered) \
  { \
    .is_offered = offered, .round = bf16_round, .pack = bf16_pack, .multiply = bf16_multiply, \
    .pack_tokens = bf16_pack_tokens, .attend = bf16_attend \
  }
