// What one file has for others' tables.

/// The kernels in bfloat16 on AVX2's vectors, for sets whose processors have no instructions for them.
extern const vk_bf16_kernels vk_bf16_emulated;
