// Fused attention, turned: queries lie across the lanes, so that the softmax runs down the columns and no
// width of a head needs padding. Scores exist for one strip of queries and one block of keys at a time; the softmax is
// made online.

/// Below every score, yet finite, so that its distance to a score is a number.
#define LOWEST_SCORE (-1e30f)

/// Keys lie key by key, and values by tiles of channels, each [keys, channels]: as they are read. A head's channels among
/// those of the other heads are on lines and pages of their own.
static void pack_tokens(const vk_tokens *p, float *packed) {
  const ptrdiff_t width = p->width, whole = width - width % TILE_ROWS;
  float *values = packed + p->keys * width;
  for (ptrdiff_t k = 0; k < p->keys; k++) {
    const float *key = p->key + k * p->key_stride, *value = p->value + k * p->value_stride;
    for (ptrdiff_t c = 0; c < width; c++) packed[k * width + c] = key[c];
    for (ptrdiff_t c = 0; c < whole; c += TILE_ROWS) {
      __builtin_memcpy(values + c * p->keys + k * TILE_ROWS, value + c, TILE_ROWS * sizeof(float));
    }
    for (ptrdiff_t c = whole; c < width; c++) values[whole * p->keys + k * (width - whole) + c - whole] = value[c];
  }
}

/// Replaces the scores of `keys`, whose base is 2, by their exponentials, and updates the running maxima and
/// sums of `vectors` vectors of lanes: side by side, since each is one long chain. `factors` is what earlier
/// sums are to be multiplied by.
static inline __attribute__((always_inline)) void exponentiate_lanes(
    const int vectors, float *scores, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  const ptrdiff_t step = vectors * LANES;
  vector largest[TILE_VECTORS], sum[TILE_VECTORS];
  for (int v = 0; v < vectors; v++) {
    largest[v] = v_load(maxima + v * LANES);
    sum[v] = v_zero();
  }
  for (ptrdiff_t k = 0; k < keys; k++) {
    for (int v = 0; v < vectors; v++) {
      largest[v] = v_max(largest[v], v_load(scores + k * step + v * LANES));
    }
  }
  for (ptrdiff_t k = 0; k < keys; k++) {
    for (int v = 0; v < vectors; v++) {
      float *score = scores + k * step + v * LANES;
      vector e = v_exp2(v_subtract(v_load(score), largest[v]));
      sum[v] = v_add(sum[v], e);
      v_store(score, e);
    }
  }
  for (int v = 0; v < vectors; v++) {
    vector factor = v_exp2(v_subtract(v_load(maxima + v * LANES), largest[v]));
    v_store(maxima + v * LANES, largest[v]);
    v_store(sums + v * LANES, v_fma(v_load(sums + v * LANES), factor, sum[v]));
    v_store(factors + v * LANES, factor);
  }
}

/// `exponentiate_lanes` for a strip of `width` lanes.
static inline void exponentiate_strip(
    float *scores, ptrdiff_t width, ptrdiff_t keys, float *maxima, float *sums, float *factors) {
  if (width == STRIP) exponentiate_lanes(TILE_VECTORS, scores, keys, maxima, sums, factors);
  else if (width == 2 * LANES) exponentiate_lanes(2, scores, keys, maxima, sums, factors);
  else exponentiate_lanes(1, scores, keys, maxima, sums, factors);
}

/// sum = sum·factors + part, `channels` rows of `width` lanes; rows of `part` are STRIP apart.
static inline void add_rescaled(
    const float *part, int channels, ptrdiff_t width, const float *factors, float *sum) {
  for (int r = 0; r < channels; r++) {
    for (ptrdiff_t i = 0; i < width; i += LANES) {
      float *target = sum + r * width + i;
      v_store(target, v_fma(v_load(target), v_load(factors + i), v_load(part + r * STRIP + i)));
    }
  }
}

/// Nothing gathered yet for `lanes` queries.
static void start_attention(float *gathered, ptrdiff_t width, ptrdiff_t lanes, float *maxima, float *sums) {
  for (ptrdiff_t i = 0; i < width * lanes; i += LANES) v_store(gathered + i, v_zero());
  for (ptrdiff_t i = 0; i < lanes; i += LANES) {
    v_store(maxima + i, v_set(LOWEST_SCORE));
    v_store(sums + i, v_zero());
  }
}

/// Writes what was gathered, strips of [width, ·], divided by the sums of weights.
static void finish_attention(const vk_attention *p, float *gathered, const float *sums) {
  const ptrdiff_t width = p->width, lanes = padded(p->queries);
  for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
    const ptrdiff_t strip = strip_width(lanes, i);
    float *sum = gathered + i * width;
    for (ptrdiff_t v = 0; v < strip; v += LANES) {
      const vector inverse = v_divide(v_set(1.0f), v_load(sums + i + v));
      for (ptrdiff_t c = 0; c < width; c++) {
        float *target = sum + c * strip + v;
        v_store(target, v_multiply(v_load(target), inverse));
      }
    }
    turn(sum, strip, width, smaller(p->queries - i, STRIP), p->out + i * p->out_stride, p->out_stride);
  }
}

static void attend(const vk_attention *p) {
  float part[TILE_ROWS * STRIP] __attribute__((aligned(64)));
  float factors[STRIP] __attribute__((aligned(64)));
  const ptrdiff_t width = p->width, lanes = padded(p->queries);
  float *queries = p->scratch;                   // strips of [width, ·]
  float *gathered = queries + width * VK_PANEL;  // strips of [width, ·]
  float *scores = gathered + width * VK_PANEL;   // one strip of [keys, ·]
  float *maxima = scores + VK_KEY_BLOCK * VK_PANEL;
  float *sums = maxima + VK_PANEL;

  const float log2e = 1.44269504f;
  pack_rows(p->query, p->query_stride, p->queries, width, p->scale * log2e, queries);
  start_attention(gathered, width, lanes, maxima, sums);

  for (ptrdiff_t start = 0; start < p->keys; start += VK_KEY_BLOCK) {
    const ptrdiff_t keys = smaller(p->keys - start, VK_KEY_BLOCK);
    const float *key = p->tokens + 2 * start * width;
    const float *value = key + keys * width;
    for (ptrdiff_t i = 0; i < lanes; i += STRIP) {
      const ptrdiff_t strip = strip_width(lanes, i);
      for (ptrdiff_t k = 0; k < keys; k += TILE_ROWS) {
        tile(
            (int)smaller(keys - k, TILE_ROWS), strip, width, key + k * width, width, queries + i * width,
            scores + k * strip, strip, queries, 0);
      }
      exponentiate_strip(scores, strip, keys, maxima + i, sums + i, factors);
      for (ptrdiff_t c = 0; c < width; c += TILE_ROWS) {
        const int channels = (int)smaller(width - c, TILE_ROWS);
        tile_turned(channels, strip, keys, value + c * keys, scores, part, STRIP);
        add_rescaled(part, channels, strip, factors, gathered + i * width + c * strip);
      }
    }
  }
  finish_attention(p, gathered, sums);
}
