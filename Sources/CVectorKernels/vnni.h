// What one file has for another's table.

/// Products of 8-bit integers for AVX-512 with VNNI.
extern const vk_int8_kernels vk_int8_vnni;
