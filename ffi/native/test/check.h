/*
 * Checks of the test programs: one line of TAP each on standard output; the exit code tells whether
 * all held.
 */
#ifndef WV_CHECK_H
#define WV_CHECK_H

#include <stdio.h>

static int checks_made, checks_failed;

#define CHECK(condition, ...)                                             \
    do {                                                                  \
        int held = (condition) ? 1 : 0;                                   \
        printf("%sok %d - ", held ? "" : "not ", ++checks_made);          \
        printf(__VA_ARGS__);                                              \
        printf(held ? "\n" : " # %s:%d\n", __FILE__, __LINE__);           \
        checks_failed += !held;                                           \
    } while (0)

static inline int checks_end(void)
{
    printf("1..%d\n", checks_made);
    return checks_failed > 0 || checks_made == 0;
}

#endif
