/*
 * display_threads ROUNDS DISPLAY...: many threads open, ask and close displays at the same time, as the
 * streams and input devices of several displays do.
 */
#include <pthread.h>
#include <stdlib.h>

#include "../native.h"
#include "check.h"

enum { THREADS = 6 };

static char **names;
static int name_count, rounds;
static int failures[THREADS];

static void *ask(void *argument)
{
    int *failed = argument;
    int index = (int)(failed - failures);
    for (int round = 0; round < rounds; round++) {
        wv_display_info_data info;
        const uint8_t *name = (const uint8_t *)names[(index + round) % name_count];
        if (wv_display_info(name, &info) != WV_STATUS_OK || info.width == 0) ++*failed;
    }
    return NULL;
}

int main(int count, char **words)
{
    if (count < 3) return 2;
    rounds = atoi(words[1]);
    names = words + 2;
    name_count = count - 2;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, ask, &failures[i]);
    int failed = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        failed += failures[i];
    }
    CHECK(failed == 0, "%d threads asked %d times each, %d in vain", THREADS, rounds, failed);
    return checks_end();
}
