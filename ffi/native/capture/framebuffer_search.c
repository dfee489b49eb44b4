/*
 * Framebuffer search: the kernel names the process at the other end of the display's socket and the
 * creator of every shared segment; clients' segments (MIT-SHM) have the clients as creators.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred */
#endif
#include "framebuffer_search.h"

#include <stdio.h>
#include <sys/socket.h>

#define LONGEST_LINE 512

int32_t wv_framebuffer_find(Display *display, uint64_t min_bytes)
{
    struct ucred server;
    socklen_t size = sizeof server;
    if (getsockopt(ConnectionNumber(display), SOL_SOCKET, SO_PEERCRED, &server, &size) != 0 ||
        server.pid <= 0) {
        return -1;
    }
    FILE *table = fopen("/proc/sysvipc/shm", "re");
    if (table == NULL) return -1;
    char line[LONGEST_LINE];
    int32_t found = -1;
    while (found < 0 && fgets(line, sizeof line, table) != NULL) {
        int id, creator, users;
        unsigned long long bytes;
        /* key shmid perms size cpid lpid nattch ...; the line of names does not match. A segment
         * without users is what a server of that number left behind. */
        if (sscanf(line, "%*d %d %*o %llu %d %*d %d", &id, &bytes, &creator, &users) == 4 &&
            creator == server.pid && users > 0 && bytes >= min_bytes) {
            found = id;
        }
    }
    fclose(table);
    return found;
}
