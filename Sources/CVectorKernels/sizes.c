// Sizes of the memory that callers bring.

#include "CVectorKernels.h"

size_t vk_packed_count(size_t columns, size_t depth) {
  return (columns + VK_PANEL_STEP - 1) / VK_PANEL_STEP * VK_PANEL_STEP * depth;
}

size_t vk_int8_packed_count(size_t columns, size_t depth) {
  // Each column's weights, in fours, and a sum of 32 bits.
  return (columns + VK_PANEL_STEP - 1) / VK_PANEL_STEP * VK_PANEL_STEP * ((depth + 3) / 4 * 4 + sizeof(int32_t));
}

size_t vk_bf16_packed_count(size_t columns, size_t depth) {
  return (columns + VK_PANEL_STEP - 1) / VK_PANEL_STEP * VK_PANEL_STEP * ((depth + 1) / 2 * 2) * sizeof(uint16_t);
}

size_t vk_attention_scratch(size_t width) {
  // Queries and what they gather, the scores of a block of keys, maxima and sums.
  return (2 * width + VK_KEY_BLOCK + 2) * VK_PANEL;
}
