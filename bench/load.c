/*
 * Options, modes, the report. One JSON object on standard output; exit code 1 and a sentence on standard error when
 * anything was lost, out of order or late.
 *
 *   fanout    publish, and wait until every subscriber has every event. --rate paces it (delay is then the figure);
 *             --batch N puts N events into one request; --clients 0 measures publishing alone
 *   connects  how many subscribers a second get from TCP connect to live
 *   idle      bytes of the server's resident memory per idle subscriber
 *   catchup   every reader is connected, then all ask at once for --events events from a position in the past
 */
#include "load.h"
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct options options = {
    .mode = "fanout", .path = "/", .subscribe = "", .ready = "", .publish_path = "/publish", .publish_header = "",
    .body = "%PAD%%SEQ%", .marker = "@seq:", .clients = 500,
    .publishers = 4,    /* enough that the next event always waits in the server's socket, few enough not to pile up */
    .batch = 1,
    .handshakes = 64,   /* at once: below any listen backlog */
    .warm = 200,        /* subscribers whose memory is not counted: buffers and caches the first ones fill */
    .seconds = 3, .timeout = 60,
    .settle = 0.2,
};
struct tally tally;
struct client *clients;
char host_header[64];
int poller;
uint64_t batch_time;

static int opened; /* subscribers whose connect was begun */
static bool publishing; /* the publishers' connections are open */
static struct endpoint pacer = {PACER, -1};

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void beat(void) {
    uint64_t beats = 0;
    if (read(pacer.fd, &beats, sizeof beats) != sizeof beats) return;
    while (beats-- && !publishing_over()) publisher_send_paced();
}

/* One round of the loop. With --nap it then only publishes for so many microseconds: what subscribers get meanwhile is
 * read together, so that the CPU share shows what this program needs, not that something is always ready. */
static void turn(int timeout_ms) {
    static struct epoll_event ready[1024];
    int n = epoll_wait(poller, ready, 1024, timeout_ms);
    if (n < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        struct endpoint *endpoint = ready[i].data.ptr;
        if (publishing && i % 32 == 31) publishers_turn(0); /* an answered publisher should not wait behind 500 reads */
        if (endpoint->kind == CLIENT) client_ready((struct client *)endpoint, ready[i].events);
        else if (endpoint->kind == PUBLISHERS) publishers_turn(0);
        else beat();
    }
    if (options.nap <= 0 || !publishing) return;
    int64_t end = (int64_t)now_ns() + (int64_t)(options.nap * 1e3);
    for (int64_t left; (left = end - (int64_t)now_ns()) > 0;) publishers_turn(left);
}

static void turn_for(double seconds) {
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    for (uint64_t now; (now = now_ns()) < end;) turn((int)((end - now) / 1000000 + 1));
}

static uint64_t deadline_in(double seconds) { return now_ns() + (uint64_t)(seconds * 1e9); }

/* Opens subscribers up to the given number, few handshakes at a time, until all of them are live (or held). */
static void open_clients(int number) {
    uint64_t deadline = deadline_in(options.timeout);
    while ((int)(tally.live + tally.held) < number) {
        while (opened < number && opened - (int)(tally.live + tally.held + tally.lost) < options.handshakes)
            client_connect(&clients[opened++]);
        turn(100);
        if (tally.lost) fail("%llu subscribers were lost while connecting", (unsigned long long)tally.lost);
        if (now_ns() > deadline) fail("only %llu of %d subscribers are live", (unsigned long long)tally.live, number);
    }
}

/* A subscription counts when an event came through it: probes are published until each subscriber got one. */
static void confirm_subscriptions(void) {
    uint64_t deadline = deadline_in(options.timeout);
    while ((int)tally.probed < options.clients) {
        publisher_send_probe();
        turn_for(0.02);
        if (now_ns() > deadline)
            fail("only %llu of %d subscribers receive events", (unsigned long long)tally.probed, options.clients);
    }
    while (!publishers_quiet()) turn(10);
    turn_for(options.settle);
}

static uint64_t all_segments(void) {
    uint64_t sum = 0;
    for (int i = 0; i < opened; i++) sum += segments_received(clients[i].endpoint.fd);
    return sum;
}

static void start_pacing(void) {
    uint64_t period = (uint64_t)(1e9 / options.rate);
    struct timespec beat_time = {(time_t)(period / 1000000000u), (long)(period % 1000000000u)};
    struct itimerspec schedule = {beat_time, beat_time};
    pacer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    timerfd_settime(pacer.fd, 0, &schedule, NULL);
    struct epoll_event interest = {EPOLLIN, {.ptr = &pacer}};
    epoll_ctl(poller, EPOLL_CTL_ADD, pacer.fd, &interest);
}

/* Every subscriber has all events of every publisher, none twice, none out of order. */
static void check_complete(uint64_t expected) {
    if (tally.lost) fail("%llu subscribers were lost", (unsigned long long)tally.lost);
    if (tally.disordered) fail("%llu deliveries were out of order", (unsigned long long)tally.disordered);
    if (tally.deliveries != expected)
        fail("%llu of %llu deliveries arrived", (unsigned long long)tally.deliveries, (unsigned long long)expected);
}

/* What the clock, the CPUs and the counters showed when the measured part began, or ended. */
struct reading {
    uint64_t time, bytes, reads, segments;
    double own_cpu, server_cpu, core_busy;
};

/* Segments are counted connection by connection, which takes a moment: outside of what is measured. */
static struct reading start(void) {
    uint64_t segments = all_segments();
    return (struct reading){now_ns(), tally.bytes, tally.reads, segments, own_cpu_seconds(),
                            process_cpu_seconds(options.server_pid), core_busy_seconds(options.server_core)};
}

static struct reading end_at(uint64_t time) {
    struct reading end = {time, tally.bytes, tally.reads, 0, own_cpu_seconds(),
                          process_cpu_seconds(options.server_pid), core_busy_seconds(options.server_core)};
    end.segments = all_segments();
    return end;
}

static double seconds_between(const struct reading *from, const struct reading *to) {
    return (double)(to->time - from->time) / 1e9;
}

/* The members every mode reports. */
static void report_rest(const struct reading *from, const struct reading *to) {
    double elapsed = seconds_between(from, to), segments = (double)(to->segments - from->segments);
    double server = (to->server_cpu - from->server_cpu) / elapsed, load = (to->own_cpu - from->own_cpu) / elapsed;
    double others = (to->core_busy - from->core_busy) / elapsed - server;
    printf("\"elapsed_s\": %.4f, \"bytes\": %llu, \"reads\": %llu, \"events_per_segment\": %.2f, "
           "\"server_cpu_share\": %.3f, \"others_cpu_share\": %.3f, \"load_cpu_share\": %.3f, "
           "\"load_headroom\": %.3f}\n",
           elapsed, (unsigned long long)(to->bytes - from->bytes), (unsigned long long)(to->reads - from->reads),
           segments > 0 ? (double)tally.deliveries / segments : 0.0, server, others > 0 ? others : 0, load, 1 - load);
}

static void fanout(void) {
    publishers_open();
    publishing = true;
    open_clients(options.clients);
    if (options.clients) confirm_subscriptions();
    struct reading from = start();
    if (options.seconds > 0) publish_until = from.time + (uint64_t)(options.seconds * 1e9);
    uint64_t deadline = deadline_in(options.seconds + options.timeout);
    if (options.rate > 0) start_pacing();
    else publishers_start();
    while (!publishing_over() || !publishers_quiet() || tally.deliveries < tally.published * (uint64_t)options.clients) {
        turn(100);
        if (now_ns() > deadline || tally.lost || tally.disordered) break;
    }
    struct reading to = end_at(options.clients ? tally.last_delivery : now_ns());
    double elapsed = seconds_between(&from, &to);
    check_complete(tally.published * (uint64_t)options.clients);
    printf("{\"mode\": \"fanout\", \"clients\": %d, \"publishers\": %d, \"batch\": %d, \"events\": %llu, "
           "\"deliveries\": %llu, \"deliveries_per_s\": %.0f, \"events_per_s\": %.1f, \"bytes_per_event\": %.1f, ",
           options.clients, options.publishers, options.batch, (unsigned long long)tally.published,
           (unsigned long long)tally.deliveries, (double)tally.deliveries / elapsed, (double)tally.published / elapsed,
           tally.deliveries ? (double)(to.bytes - from.bytes) / (double)tally.deliveries : 0.0);
    tally_report_delays();
    report_rest(&from, &to);
}

static void connects(void) {
    struct reading from = start();
    open_clients(options.clients);
    struct reading to = end_at(now_ns());
    printf("{\"mode\": \"connects\", \"clients\": %d, \"handshakes\": %d, \"connects_per_s\": %.0f, ", options.clients,
           options.handshakes, options.clients / seconds_between(&from, &to));
    report_rest(&from, &to);
}

static void idle(void) {
    if (options.server_pid <= 0) fail("idle needs --pid");
    long empty = process_resident_bytes(options.server_pid);
    open_clients(options.warm);
    turn_for(options.settle);
    struct reading from = start();
    long before = process_resident_bytes(options.server_pid);
    open_clients(options.warm + options.clients);
    turn_for(options.settle);
    long after = process_resident_bytes(options.server_pid);
    if (before < 0 || after < 0) fail("the memory of process %ld cannot be read", options.server_pid);
    check_complete(tally.deliveries);
    struct reading to = end_at(now_ns());
    printf("{\"mode\": \"idle\", \"clients\": %d, \"resident_empty\": %ld, \"resident_before\": %ld, \"resident_after\": %ld, "
           "\"bytes_per_connection\": %.0f, ", options.clients, empty, before, after,
           (double)(after - before) / options.clients);
    report_rest(&from, &to);
}

static void catchup(void) {
    uint64_t expected = (uint64_t)options.clients * (uint64_t)options.events;
    hold = true;
    open_clients(options.clients);
    hold = false;
    struct reading from = start();
    uint64_t deadline = deadline_in(options.timeout);
    for (int i = 0; i < options.clients; i++) client_release(&clients[i]);
    while (tally.deliveries < expected) {
        turn(100);
        if (now_ns() > deadline || tally.lost || tally.disordered) break;
    }
    struct reading to = end_at(tally.last_delivery);
    check_complete(expected);
    printf("{\"mode\": \"catchup\", \"clients\": %d, \"events\": %ld, \"deliveries\": %llu, \"deliveries_per_s\": %.0f, ",
           options.clients, options.events, (unsigned long long)tally.deliveries, (double)tally.deliveries / seconds_between(&from, &to));
    report_rest(&from, &to);
}

static const struct option OPTIONS[] = {
    {"mode", 1, 0, 'm'},       {"transport", 1, 0, 't'},  {"port", 1, 0, 'p'},          {"path", 1, 0, 'u'},
    {"subscribe", 1, 0, 's'},  {"ready", 1, 0, 'r'},      {"publish-path", 1, 0, 'P'},  {"publish-header", 1, 0, 'H'},
    {"body", 1, 0, 'b'},       {"pad", 1, 0, 'd'},        {"marker", 1, 0, 'k'},        {"clients", 1, 0, 'c'},
    {"publishers", 1, 0, 'K'}, {"batch", 1, 0, 'B'},      {"events", 1, 0, 'e'},        {"seconds", 1, 0, 'S'},
    {"rate", 1, 0, 'R'},       {"nap", 1, 0, 'n'},        {"timeout", 1, 0, 'T'},       {"settle", 1, 0, 'l'},
    {"handshakes", 1, 0, 'h'}, {"warm", 1, 0, 'w'},       {"pid", 1, 0, 'i'},           {"server-core", 1, 0, 'C'},
    {0, 0, 0, 0},
};

static enum transport transport_named(const char *name) {
    if (!strcmp(name, "websocket")) return WEBSOCKET;
    if (!strcmp(name, "socketio")) return SOCKETIO;
    if (!strcmp(name, "sse")) return EVENTSOURCE;
    fail("--transport is websocket, socketio or sse, not %s", name);
}

static void set_option(int letter, const char *value) {
    switch (letter) {
    case 'm': options.mode = value; break;
    case 't': options.transport = transport_named(value); break;
    case 'p': options.port = atoi(value); break;
    case 'u': options.path = value; break;
    case 's': options.subscribe = value; break;
    case 'r': options.ready = value; break;
    case 'P': options.publish_path = value; break;
    case 'H': options.publish_header = value; break;
    case 'b': options.body = value; break;
    case 'd': options.pad = atoi(value); break;
    case 'k': options.marker = value; break;
    case 'c': options.clients = atoi(value); break;
    case 'K': options.publishers = atoi(value); break;
    case 'B': options.batch = atoi(value); break;
    case 'e': options.events = atol(value); break;
    case 'S': options.seconds = atof(value); break;
    case 'R': options.rate = atof(value); break;
    case 'n': options.nap = atof(value); break;
    case 'T': options.timeout = atof(value); break;
    case 'l': options.settle = atof(value); break;
    case 'h': options.handshakes = atoi(value); break;
    case 'w': options.warm = atoi(value); break;
    case 'C': options.server_core = atoi(value); break;
    case 'i': options.server_pid = atol(value); break;
    default: exit(2);
    }
}

static void prepare(void) {
    if (options.port <= 0) fail("--port is missing");
    if (options.publishers < 1 || options.publishers > MAX_PUBLISHERS) fail("--publishers is 1 to %d", MAX_PUBLISHERS);
    if (options.events <= 0 && options.seconds <= 0) fail("--events or --seconds must end the publishing");
    int count = options.clients + (!strcmp(options.mode, "idle") ? options.warm : 0);
    uint32_t *next = calloc((size_t)(count + 1) * MAX_PUBLISHERS, sizeof *next);
    clients = calloc((size_t)(count + 1), sizeof *clients);
    if (!clients || !next) fail("no memory");
    for (int i = 0; i < count; i++) {
        clients[i].endpoint = (struct endpoint){CLIENT, -1};
        clients[i].next = next + (size_t)i * MAX_PUBLISHERS;
    }
    snprintf(host_header, sizeof host_header, "127.0.0.1:%d", options.port);
    prctl(PR_SET_TIMERSLACK, 1000); /* naps of 0.3 ms should not grow by the usual 0.05 */
    poller = epoll_create1(0);
    tally_open();
}

int main(int count, char **arguments) {
    for (int letter; (letter = getopt_long(count, arguments, "", OPTIONS, NULL)) != -1;) set_option(letter, optarg);
    prepare();
    if (!strcmp(options.mode, "fanout")) fanout();
    else if (!strcmp(options.mode, "connects")) connects();
    else if (!strcmp(options.mode, "idle")) idle();
    else if (!strcmp(options.mode, "catchup")) catchup();
    else fail("--mode is fanout, connects, idle or catchup, not %s", options.mode);
    return 0;
}
