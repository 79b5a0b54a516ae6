// Depthwise convolutions over places × channels: a lane is a channel, and its sums are made in the order of the kernel's
// places, whatever the other lanes are.

/// Vectors of channels whose sums are made together.
enum { DEPTHWISE_VECTORS = 4 };

/// The sums of `vectors` vectors of channels from `c` on, of which the last is cut off by `mask` where `tailed`.
static inline __attribute__((always_inline)) void depthwise_channels(
    const vk_depthwise *p, ptrdiff_t c, const int vectors, const int tailed, tail_mask mask) {
  const ptrdiff_t channels = p->channels;
  for (ptrdiff_t x = 0; x < p->outputs; x++) {
    vector sums[DEPTHWISE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const float *bias = p->bias + c + v * LANES;
      sums[v] = tailed ? v_load_tail(bias, mask) : v_load(bias);
    }
    const ptrdiff_t first = x * p->stride - p->before;
    for (ptrdiff_t dy = 0; dy < p->kernel; dy++) {
      const float *row = p->rows[dy];
      if (!row) continue;
      for (ptrdiff_t dx = 0; dx < p->kernel; dx++) {
        const ptrdiff_t column = first + dx;
        if (column < 0 || column >= p->columns) continue;
        const float *input = row + column * channels + c;
        const float *weight = p->weight + (dy * p->kernel + dx) * channels + c;
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
          vector a = tailed ? v_load_tail(input + v * LANES, mask) : v_load(input + v * LANES);
          vector b = tailed ? v_load_tail(weight + v * LANES, mask) : v_load(weight + v * LANES);
          sums[v] = v_fma(a, b, sums[v]);
        }
      }
    }
    float *out = p->out + x * channels + c;
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      if (tailed) v_store_tail(out + v * LANES, mask, v_relu6(sums[v]));
      else v_store(out + v * LANES, v_relu6(sums[v]));
    }
  }
}

static void depthwise(const vk_depthwise *p) {
  const ptrdiff_t block = DEPTHWISE_VECTORS * LANES;
  ptrdiff_t c = 0;
  for (; c + block <= p->channels; c += block) depthwise_channels(p, c, DEPTHWISE_VECTORS, 0, v_tail(0));
  for (; c + LANES <= p->channels; c += LANES) depthwise_channels(p, c, 1, 0, v_tail(0));
  if (c < p->channels) depthwise_channels(p, c, 1, 1, v_tail(p->channels - c));
}
