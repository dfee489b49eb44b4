/*
 * gf256: see gf256.h. A product by a constant is two table look-ups, one per nibble, which a byte
 * shuffle does for 16 bytes at once. Addresses are 32-bit offsets into the imported memory; the
 * caller checks every range, and no value from the network is used as an address here.
 */

#include "gf256.h"

#include <wasm_simd128.h>

#define POLYNOMIAL 0x11d
#define VECTOR_BYTES 16u
/* Four sums and two tables stay in the 16 vector registers of x86-64; more would spill. */
#define BLOCK_VECTORS 4u
#define BLOCK_BYTES (BLOCK_VECTORS * VECTOR_BYTES)

#ifdef __wasm_relaxed_simd__
/* The index is always below 16, where relaxed and strict swizzle agree on every machine. */
#define SHUFFLE(table, index) __builtin_wasm_relaxed_swizzle_i8x16(table, index)
#else
#define SHUFFLE(table, index) wasm_i8x16_swizzle(table, index)
#endif

/* Products of every coefficient with the low nibbles 0x00-0x0f, then the high ones 0x00-0xf0. */
static _Alignas(16) uint8_t nibble_products[256][2][16];

static uint8_t multiply(uint32_t left, uint32_t right) {
  uint32_t product = 0;
  for (uint32_t bit = 0; bit < 8; bit++) {
    if ((right >> bit) & 1u) product ^= left << bit;
  }
  for (uint32_t bit = 15; bit >= 8; bit--) {
    if ((product >> bit) & 1u) product ^= (uint32_t)POLYNOMIAL << (bit - 8);
  }
  return (uint8_t)product;
}

static inline v128_t product(v128_t low_table, v128_t high_table, v128_t value) {
  const v128_t mask = wasm_i8x16_const_splat(0x0f);
  v128_t low = wasm_v128_and(value, mask);
  /* A shift of 16-bit lanes is one instruction on x86-64; one of 8-bit lanes is several. */
  v128_t high = wasm_v128_and(wasm_u16x8_shr(value, 4), mask);
  return wasm_v128_xor(SHUFFLE(low_table, low), SHUFFLE(high_table, high));
}

void wv_fec_init(void) {
  for (uint32_t coefficient = 0; coefficient < 256; coefficient++) {
    for (uint32_t nibble = 0; nibble < 16; nibble++) {
      nibble_products[coefficient][0][nibble] = multiply(coefficient, nibble);
      nibble_products[coefficient][1][nibble] = multiply(coefficient, nibble << 4);
    }
  }
}

/* Sums one block of BLOCK_BYTES at `offset` over all terms. */
static inline void combine_block(uint8_t *destination, const struct wv_fec_term *terms,
                                 uint32_t count, uint32_t offset) {
  v128_t sum0 = wasm_i64x2_const_splat(0);
  v128_t sum1 = sum0;
  v128_t sum2 = sum0;
  v128_t sum3 = sum0;
  for (uint32_t index = 0; index < count; index++) {
    const uint8_t *source = (const uint8_t *)(uintptr_t)terms[index].address + offset;
    const uint8_t *tables = nibble_products[terms[index].coefficient & 0xffu][0];
    v128_t low_table = wasm_v128_load(tables);
    v128_t high_table = wasm_v128_load(tables + VECTOR_BYTES);
    sum0 = wasm_v128_xor(sum0, product(low_table, high_table, wasm_v128_load(source)));
    sum1 = wasm_v128_xor(sum1, product(low_table, high_table, wasm_v128_load(source + 16)));
    sum2 = wasm_v128_xor(sum2, product(low_table, high_table, wasm_v128_load(source + 32)));
    sum3 = wasm_v128_xor(sum3, product(low_table, high_table, wasm_v128_load(source + 48)));
  }
  wasm_v128_store(destination + offset, sum0);
  wasm_v128_store(destination + offset + 16, sum1);
  wasm_v128_store(destination + offset + 32, sum2);
  wasm_v128_store(destination + offset + 48, sum3);
}

static inline void combine_vector(uint8_t *destination, const struct wv_fec_term *terms,
                                  uint32_t count, uint32_t offset) {
  v128_t sum = wasm_i64x2_const_splat(0);
  for (uint32_t index = 0; index < count; index++) {
    const uint8_t *source = (const uint8_t *)(uintptr_t)terms[index].address + offset;
    const uint8_t *tables = nibble_products[terms[index].coefficient & 0xffu][0];
    sum = wasm_v128_xor(sum, product(wasm_v128_load(tables), wasm_v128_load(tables + VECTOR_BYTES),
                                     wasm_v128_load(source)));
  }
  wasm_v128_store(destination + offset, sum);
}

void wv_fec_combine(uint8_t *destination, const struct wv_fec_term *terms, uint32_t count,
                    uint32_t bytes) {
  uint32_t offset = 0;
  for (; offset + BLOCK_BYTES <= bytes; offset += BLOCK_BYTES) {
    combine_block(destination, terms, count, offset);
  }
  for (; offset + VECTOR_BYTES <= bytes; offset += VECTOR_BYTES) {
    combine_vector(destination, terms, count, offset);
  }
}

void wv_fec_multiply_add(uint8_t *destination, const uint8_t *source, uint32_t coefficient,
                         uint32_t bytes) {
  const uint8_t *tables = nibble_products[coefficient & 0xffu][0];
  v128_t low_table = wasm_v128_load(tables);
  v128_t high_table = wasm_v128_load(tables + VECTOR_BYTES);
  uint32_t offset = 0;
  for (; offset + BLOCK_BYTES <= bytes; offset += BLOCK_BYTES) {
    for (uint32_t vector = 0; vector < BLOCK_BYTES; vector += VECTOR_BYTES) {
      uint8_t *target = destination + offset + vector;
      v128_t value = wasm_v128_load(source + offset + vector);
      wasm_v128_store(target,
                      wasm_v128_xor(wasm_v128_load(target), product(low_table, high_table, value)));
    }
  }
  for (; offset + VECTOR_BYTES <= bytes; offset += VECTOR_BYTES) {
    v128_t value = wasm_v128_load(source + offset);
    wasm_v128_store(destination + offset, wasm_v128_xor(wasm_v128_load(destination + offset),
                                                        product(low_table, high_table, value)));
  }
}
