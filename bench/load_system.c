/* Clocks, and what the kernel tells about processes and connections. */
#include "load.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sleep_seconds(double seconds) {
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

double own_cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* User and system time of all threads (proc(5), fields 14 and 15); the name in field 2 may hold spaces. */
double process_cpu_seconds(long pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (!file) return 0;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    unsigned long user = 0, system = 0;
    char *after_name = strrchr(text, ')');
    if (after_name) sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* All that ran on one core, whoever it was: user, nice, system, irq, softirq, steal (proc(5), /proc/stat). */
double core_busy_seconds(int core) {
    char line[512], name[16];
    double busy = 0;
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    int length = snprintf(name, sizeof name, "cpu%d ", core);
    while (fgets(line, sizeof line, file)) {
        unsigned long user, nice, system, idle, wait, irq, softirq, steal;
        if (strncmp(line, name, (size_t)length)) continue;
        if (sscanf(line + length, "%lu %lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle, &wait, &irq, &softirq,
                   &steal) == 8)
            busy = (double)(user + nice + system + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
    }
    fclose(file);
    return busy;
}

static long kilobytes_in(const char *path, const char *label) {
    char line[256];
    long value = -1;
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (value < 0 && fgets(line, sizeof line, file))
        if (!strncmp(line, label, strlen(label))) sscanf(line + strlen(label), "%ld", &value);
    fclose(file);
    return value;
}

long process_resident_bytes(long pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    long kilobytes = kilobytes_in(path, "Rss:");
    if (kilobytes < 0) { /* needs more rights than status */
        snprintf(path, sizeof path, "/proc/%ld/status", pid);
        kilobytes = kilobytes_in(path, "VmRSS:");
    }
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

/* Segments with data that reached this socket. A server without joining causes one per event: events ÷ segments is how
 * many events its writes joined, whatever language or library made them. */
uint64_t segments_received(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    memset(&info, 0, sizeof info);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length)) return 0;
    return info.tcpi_data_segs_in;
}
