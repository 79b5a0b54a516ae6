// Arithmetic of sizes.

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/// So many columns with their padding.
static inline ptrdiff_t padded(ptrdiff_t columns) {
  return (columns + VK_PANEL_STEP - 1) / VK_PANEL_STEP * VK_PANEL_STEP;
}
