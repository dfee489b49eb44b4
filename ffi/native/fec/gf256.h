/*
 * gf256: region arithmetic over GF(2^8) with the polynomial 0x11D, the inner loop of forward error
 * correction. Freestanding: it is built to WebAssembly with SIMD and runs in the server and in the
 * page from the same bytes. It owns nothing but its tables; regions lie in the imported memory.
 */

#ifndef WV_FEC_GF256_H
#define WV_FEC_GF256_H

#include <stdint.h>

/* One source region of wv_fec_combine, as the caller writes it into memory. */
struct wv_fec_term {
  /* Address of the region, a multiple of 16. */
  uint32_t address;
  /* Factor of the region, 0-255. */
  uint32_t coefficient;
};

_Static_assert(sizeof(struct wv_fec_term) == 8, "TypeScript writes terms as pairs of 32 bits");

/* Builds the tables. Must be called once before anything else. */
void wv_fec_init(void);

/* Writes the sum of coefficient * region over `count` terms to `destination`. `bytes` is a multiple
 * of 16. A term may be the destination itself; other overlaps are not allowed. */
void wv_fec_combine(uint8_t *destination, const struct wv_fec_term *terms, uint32_t count,
                    uint32_t bytes);

/* Adds coefficient * source to destination. `bytes` is a multiple of 16. */
void wv_fec_multiply_add(uint8_t *destination, const uint8_t *source, uint32_t coefficient,
                         uint32_t bytes);

#endif
