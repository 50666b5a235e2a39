/*
 * Publishers: K keep-alive connections, one HTTP/1.1 request after another on each.
 *
 * They have an epoll of their own inside the big one: while subscribers' bytes are left to gather (--nap), publishing
 * goes on without delay.
 *
 * The body is made once from the template; for each request only the digits of its marks change. Every answer must be
 * 2xx; its body, by Content-Length or chunked, is skipped.
 */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

uint64_t publish_until;

enum { ANSWER_BYTES = 1 << 16 };

struct publisher {
    int fd;
    uint32_t number;         /* of the next event */
    bool busy;
    size_t sent;             /* bytes of the request under way */
    size_t answer_length;    /* bytes of the answer's head read so far; its body is skipped */
    size_t body_left;
    bool in_body, chunked;
    char tail[5];            /* a chunked body ends with these */
    char *answer;
};

static struct publisher publishers[MAX_PUBLISHERS];
static char *request;        /* shared: one thread fills and sends it, and keeps a copy only if the socket is full */
static char *unsent[MAX_PUBLISHERS];
static size_t request_length, *mark_offsets, item_marks;
static bool closed_loop;
static struct endpoint pool = {PUBLISHERS, -1};

static void append(const char *text, size_t length) {
    request = realloc(request, request_length + length + 1);
    if (!request) fail("no memory");
    memcpy(request + request_length, text, length);
    request_length += length;
}

/* One event from the template: %SEQ% becomes the mark, %PAD% the padding. */
static void append_item(void) {
    for (const char *at = options.body; *at;) {
        if (!strncmp(at, "%SEQ%", 5)) {
            append(options.marker, strlen(options.marker));
            mark_offsets = realloc(mark_offsets, (item_marks + 1) * sizeof *mark_offsets);
            if (!mark_offsets) fail("no memory");
            mark_offsets[item_marks++] = request_length;
            append("000000000000", PUBLISHER_DIGITS + NUMBER_DIGITS);
            at += 5;
        } else if (!strncmp(at, "%PAD%", 5)) {
            for (int i = 0; i < options.pad; i++) append("x", 1);
            at += 5;
        } else {
            append(at++, 1);
        }
    }
}

static void build_request(void) {
    if (options.batch > 1) append("[", 1);
    for (int i = 0; i < options.batch; i++) {
        if (i) append(",", 1);
        append_item();
    }
    if (options.batch > 1) append("]", 1);
    if (item_marks != (size_t)options.batch) fail("--body must contain %%SEQ%% exactly once");
    size_t body_length = request_length;
    char *body = request, head[2048];
    int head_length = snprintf(head, sizeof head,
                               "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s%s"
                               "Content-Length: %zu\r\n\r\n", options.publish_path, host_header,
                               options.publish_header, *options.publish_header ? "\r\n" : "", body_length);
    request = NULL, request_length = 0;
    append(head, (size_t)head_length);
    append(body, body_length);
    free(body);
    for (size_t i = 0; i < item_marks; i++) mark_offsets[i] += (size_t)head_length;
}

static void open_one(struct publisher *publisher) {
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {AF_INET, htons((uint16_t)options.port), {htonl(INADDR_LOOPBACK)}, {0}};
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("cannot connect to publish: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *publisher = (struct publisher){.fd = fd, .answer = malloc(ANSWER_BYTES)};
    struct epoll_event interest = {EPOLLIN, {.ptr = publisher}};
    epoll_ctl(pool.fd, EPOLL_CTL_ADD, fd, &interest);
}

void publishers_open(void) {
    build_request();
    pool.fd = epoll_create1(0);
    struct epoll_event interest = {EPOLLIN, {.ptr = &pool}};
    epoll_ctl(poller, EPOLL_CTL_ADD, pool.fd, &interest);
    for (int i = 0; i < options.publishers; i++) open_one(&publishers[i]);
}

static void write_digits(char *at, uint32_t value, int count) {
    while (count--) at[count] = (char)('0' + value % 10), value /= 10;
}

static void watch(struct publisher *publisher, uint32_t events) {
    struct epoll_event interest = {events, {.ptr = publisher}};
    epoll_ctl(pool.fd, EPOLL_CTL_MOD, publisher->fd, &interest);
}

/* Sends what the socket takes; a long batch may need several turns, from a copy of its own. */
static void push(struct publisher *publisher, const char *bytes) {
    char **copy = &unsent[publisher - publishers];
    ssize_t sent = send(publisher->fd, bytes + publisher->sent, request_length - publisher->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) fail("publishing failed: %s", strerror(errno));
    if (sent > 0) publisher->sent += (size_t)sent;
    if (publisher->sent == request_length) {
        if (*copy) watch(publisher, EPOLLIN);
        free(*copy);
        *copy = NULL;
    } else if (!*copy) {
        *copy = malloc(request_length);
        if (!*copy) fail("no memory");
        memcpy(*copy, bytes, request_length);
        watch(publisher, EPOLLIN | EPOLLOUT);
    }
}

static void begin_request(struct publisher *publisher) {
    publisher->busy = true;
    publisher->sent = publisher->answer_length = 0;
    publisher->in_body = false;
    push(publisher, request);
}

static void publish(struct publisher *publisher) {
    int index = (int)(publisher - publishers);
    uint64_t now = now_ns();
    for (size_t i = 0; i < item_marks; i++) {
        tally_published(index, publisher->number, now);
        write_digits(request + mark_offsets[i], (uint32_t)index, PUBLISHER_DIGITS);
        write_digits(request + mark_offsets[i] + PUBLISHER_DIGITS, publisher->number++, NUMBER_DIGITS);
    }
    tally.published += item_marks;
    begin_request(publisher);
}

void publisher_send_probe(void) {
    if (publishers[0].busy) return;
    for (size_t i = 0; i < item_marks; i++) {
        write_digits(request + mark_offsets[i], PROBE, PUBLISHER_DIGITS);
        write_digits(request + mark_offsets[i] + PUBLISHER_DIGITS, 0, NUMBER_DIGITS);
    }
    begin_request(&publishers[0]);
}

bool publishing_over(void) {
    if (options.events > 0 && tally.published >= (uint64_t)options.events) return true;
    return publish_until && now_ns() >= publish_until;
}

bool publishers_quiet(void) {
    for (int i = 0; i < options.publishers; i++)
        if (publishers[i].busy) return false;
    return true;
}

void publishers_start(void) {
    closed_loop = true;
    for (int i = 0; i < options.publishers; i++)
        if (!publishing_over()) publish(&publishers[i]);
}

void publisher_send_paced(void) {
    for (int i = 0; i < options.publishers; i++)
        if (!publishers[i].busy) {
            publish(&publishers[i]);
            return;
        }
    /* all busy: the server is behind, and this beat is not sent; the achieved rate shows it */
}

static void answered(struct publisher *publisher) {
    publisher->busy = false;
    tally.answered++;
    if (closed_loop && !publishing_over()) publish(publisher);
}

static void skip_body(struct publisher *publisher, const char *bytes, size_t length) {
    if (!publisher->chunked) {
        if (length > publisher->body_left) fail("the answer to a publish is longer than it says");
        publisher->body_left -= length;
        if (publisher->body_left == 0) answered(publisher);
        return;
    }
    char *tail = publisher->tail;
    for (size_t i = length > 5 ? length - 5 : 0; i < length; i++) {
        memmove(tail, tail + 1, 4);
        tail[4] = bytes[i];
    }
    if (!memcmp(tail, "0\r\n\r\n", 5)) answered(publisher);
}

static void take_answer(struct publisher *publisher) {
    char *head = publisher->answer;
    head[publisher->answer_length] = 0;
    char *end = strstr(head, "\r\n\r\n");
    if (!end) return;
    if (strncmp(head, "HTTP/1.1 2", 10)) fail("publishing was refused: %s", head);
    *end = 0;
    char *size = strcasestr(head, "\r\nContent-Length:");
    publisher->chunked = strcasestr(head, "\r\nTransfer-Encoding: chunked") != NULL;
    publisher->body_left = size ? strtoul(size + 17, NULL, 10) : 0;
    publisher->in_body = true;
    memset(publisher->tail, 0, sizeof publisher->tail);
    skip_body(publisher, end + 4, (size_t)(head + publisher->answer_length - (end + 4)));
}

static void publisher_ready(struct publisher *publisher, uint32_t epoll_events) {
    char *rest = unsent[publisher - publishers];
    if (epoll_events & EPOLLOUT && rest) push(publisher, rest);
    if (!(epoll_events & ~(uint32_t)EPOLLOUT)) return;
    char *free_space = publisher->in_body ? publisher->answer : publisher->answer + publisher->answer_length;
    size_t room = (size_t)(publisher->answer + ANSWER_BYTES - 1 - free_space);
    ssize_t got = recv(publisher->fd, free_space, room, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("the server closed a publishing connection after %u events", publisher->number);
    if (!publisher->busy) fail("the server sent an answer nobody asked for");
    if (publisher->in_body) {
        skip_body(publisher, free_space, (size_t)got);
    } else {
        publisher->answer_length += (size_t)got;
        take_answer(publisher);
    }
}

void publishers_turn(int64_t timeout_ns) {
    struct epoll_event ready[MAX_PUBLISHERS];
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    int n = epoll_pwait2(pool.fd, ready, MAX_PUBLISHERS, &timeout, NULL);
    for (int i = 0; i < n; i++) publisher_ready(ready[i].data.ptr, ready[i].events);
}
