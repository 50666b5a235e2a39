/*
 * The load generator: many subscribers, a few publishers, one thread, one epoll.
 *
 *   load.c          options, modes, the report
 *   load_wire.c     subscribers: WebSocket, Socket.IO over WebSocket, SSE
 *   load_publish.c  publishers: one HTTP request after another on K keep-alive connections
 *   load_tally.c    counts deliveries, checks their order, measures their delay
 *   load_system.c   clocks and what the kernel tells about processes and connections
 *
 * Every event carries one mark in its data: the marker string, four digits of publisher and eight digits of sequence
 * number, which rises by one per publisher. A publisher has one request under way, so its events are in order in any
 * log, and a subscriber must see each publisher's numbers 0, 1, 2 … without a hole. How a server frames, joins or
 * decorates its events does not matter.
 */
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAX_PUBLISHERS = 256,
    PUBLISHER_DIGITS = 4,
    NUMBER_DIGITS = 8,
    PROBE = 9999,         /* the publisher number of events that only ask "are you subscribed?" */
    MARK_BYTES = 64,      /* longest marker with its digits */
    BUFFER_BYTES = 1 << 22,
    READ_BYTES = 1 << 18,
};

enum transport { WEBSOCKET, SOCKETIO, EVENTSOURCE };

struct options {
    const char *mode, *path, *subscribe, *ready, *publish_path, *publish_header, *body, *marker;
    enum transport transport;
    int port, server_core, clients, publishers, batch, pad, handshakes, warm;
    long events, server_pid;
    double seconds, rate, nap, timeout, settle;
};

/* What epoll points at. */
enum kind { CLIENT, PUBLISHERS, PACER };
struct endpoint {
    enum kind kind;
    int fd;
};

/* The life of a subscriber; only load_wire.c moves it, and always downwards. */
enum stage {
    IDLE,       /* no socket yet */
    CONNECTING, /* TCP under way */
    UPGRADING,  /* request sent, response head awaited */
    OPENING,    /* Socket.IO: Engine.IO's open packet, then the answer to 40 awaited */
    HELD,       /* could subscribe, and waits for leave to (catch-up starts all readers at once) */
    ASKING,     /* subscribe sent, the ready string awaited */
    LIVE,
    LOST,
};

struct client {
    struct endpoint endpoint;
    enum stage stage;
    bool chunked;
    uint32_t *next;   /* the number expected next, per publisher */
    uint32_t probes, segments;
    uint64_t delivered, bytes;
    char *rest;       /* an unfinished frame */
    uint32_t rest_length, rest_capacity;
    uint8_t carried;  /* an unfinished mark at the end of the last payload */
    char carry[MARK_BYTES];
};

/* One place for what the run counts. */
struct tally {
    uint64_t deliveries, bytes, reads, probed, live, held, lost, disordered;
    uint64_t published, answered, completed;
    uint64_t last_delivery; /* ns */
};

extern struct options options;
extern struct tally tally;
extern struct client *clients;
extern char host_header[64];
extern int poller;
extern uint64_t batch_time; /* the clock, read once per read of a socket */

_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* load_wire.c */
void client_connect(struct client *client);
void client_release(struct client *client); /* from HELD: subscribe now */
void client_ready(struct client *client, uint32_t epoll_events);
extern bool hold;                           /* stop at HELD */

/* load_publish.c */
void publishers_open(void);
void publishers_turn(int64_t timeout_ns); /* waits for answers at most that long, and publishes on */
void publisher_send_probe(void);
void publishers_start(void);    /* closed loop: each sends its next event when the last was answered */
void publisher_send_paced(void); /* open loop: one event on a free connection */
bool publishers_quiet(void);
bool publishing_over(void);
extern uint64_t publish_until; /* ns; 0 = only options.events ends it */

/* load_tally.c */
void tally_open(void);
void tally_scan(struct client *client, const char *bytes, size_t length);
void tally_published(int publisher, uint32_t number, uint64_t now);
void tally_report_delays(void); /* prints JSON members, each with a trailing comma */

/* load_system.c */
uint64_t now_ns(void);
double own_cpu_seconds(void);
double process_cpu_seconds(long pid);
double core_busy_seconds(int core);
long process_resident_bytes(long pid);
uint64_t segments_received(int fd);
void sleep_seconds(double seconds);
#endif
