#ifndef BYTE_ORDER_H
#define BYTE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

// PNG stores 16-bit samples with the high byte first.
static inline bool machine_is_little_endian(void) {
  const uint16_t one = 1;
  return *(const uint8_t *)&one == 1;
}

#endif
