/*
 * Memory of a process as the kernel counts it. The runtime tells resident bytes of its own process
 * only; proportional bytes, which count a shared page once, are in /proc, closed to JavaScript.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "native.h"

/* Bytes of the field "name:" of a file of lines "name:   123 kB"; 0 when there is none. */
static uint64_t read_field(const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    char line[256];
    unsigned long long kilobytes = 0;
    size_t length = strlen(name);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) != 0 || line[length] != ':') continue;
        if (sscanf(line + length + 1, "%llu", &kilobytes) != 1) kilobytes = 0;
        break;
    }
    fclose(file);
    return kilobytes * 1024;
}

static uint64_t count_entries(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    uint64_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') count++;
    }
    closedir(folder);
    return count;
}

int32_t wv_process_memory(int32_t pid, uint64_t *memory)
{
    if (memory == NULL || pid <= 0) return WV_STATUS_INVALID;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    memory[0] = read_field(path, "Rss");
    memory[1] = read_field(path, "Pss");
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    memory[2] = read_field(path, "VmSize");
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    memory[3] = count_entries(path);
    /* The folder itself was open while its own entries were counted. */
    if (pid == getpid() && memory[3] > 0) memory[3]--;
    return memory[0] == 0 ? WV_STATUS_UNAVAILABLE : WV_STATUS_OK;
}
