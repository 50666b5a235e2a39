/*
 * Subscribers: three wires, one way through the stages of load.h.
 *
 *   WebSocket    GET upgrade → 101 → subscribe text frame → live. Pings are answered, client frames masked (RFC 6455).
 *   Socket.IO    the same, then "0{…}" (Engine.IO open) → "40" → "40{…}" → subscribe packet → live. "2" is answered "3".
 *   SSE          GET → 200 → live, chunked or not (RFC 9112 section 7.1)
 *
 * Only whole frames and whole chunks are looked at; an unfinished one waits in `rest` for the next read. Marks are
 * counted in payloads, and may span frames.
 */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

bool hold;

/* The sample key of RFC 6455 section 1.3, and the only right answer to it. */
#define UPGRADE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define UPGRADE_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

enum opcode { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static void lose(struct client *client, const char *why) {
    static int told;
    if (told++ < 5) fprintf(stderr, "load: subscriber %ld lost: %s\n", (long)(client - clients), why);
    if (client->stage == LIVE) tally.live--;
    client->stage = LOST;
    tally.lost++;
    close(client->endpoint.fd);
    client->endpoint.fd = -1;
}

/* Requests, subscriptions and pongs are small and rare: the socket's buffer always has room for them. */
static void send_bytes(struct client *client, const void *bytes, size_t length) {
    if (send(client->endpoint.fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) lose(client, strerror(errno));
}

static void send_frame(struct client *client, enum opcode opcode, const char *payload, size_t length) {
    uint8_t frame[4096];
    size_t at = 0;
    if (length > sizeof frame - 8) fail("a client frame of %zu bytes is too long", length);
    frame[at++] = (uint8_t)(0x80 | opcode);
    if (length < 126) {
        frame[at++] = (uint8_t)(0x80 | length);
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = (uint8_t)(length >> 8);
        frame[at++] = (uint8_t)length;
    }
    memcpy(frame + at, MASK, 4);
    at += 4;
    for (size_t i = 0; i < length; i++) frame[at + i] = (uint8_t)payload[i] ^ MASK[i % 4];
    send_bytes(client, frame, at + length);
}

static void send_text(struct client *client, const char *text) { send_frame(client, TEXT, text, strlen(text)); }

static void send_request(struct client *client) {
    char request[4096];
    const char *wants = options.transport == EVENTSOURCE
                            ? "Accept: text/event-stream\r\n"
                            : "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: " UPGRADE_KEY "\r\n";
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", options.path,
                          host_header, wants);
    client->stage = UPGRADING;
    send_bytes(client, request, (size_t)length);
}

static void become_live(struct client *client) {
    client->stage = LIVE;
    tally.live++;
}

static void ask(struct client *client) {
    client->stage = ASKING;
    if (*options.subscribe) send_text(client, options.subscribe);
    if (!*options.ready && client->stage == ASKING) become_live(client);
}

static void may_subscribe(struct client *client) {
    if (hold) {
        client->stage = HELD;
        tally.held++;
    } else if (options.transport == EVENTSOURCE) {
        send_request(client);
    } else {
        ask(client);
    }
}

void client_release(struct client *client) {
    if (client->stage != HELD) return;
    tally.held--;
    if (options.transport == EVENTSOURCE) send_request(client);
    else ask(client);
}

void client_connect(struct client *client) {
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {AF_INET, htons((uint16_t)options.port), {htonl(INADDR_LOOPBACK)}, {0}};
    if (fd < 0) fail("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->endpoint.fd = fd;
    client->stage = CONNECTING;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        lose(client, strerror(errno));
        return;
    }
    struct epoll_event interest = {EPOLLOUT, {.ptr = client}};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &interest);
}

static void connected(struct client *client) {
    struct epoll_event interest = {EPOLLIN, {.ptr = client}};
    epoll_ctl(poller, EPOLL_CTL_MOD, client->endpoint.fd, &interest);
    if (options.transport == EVENTSOURCE) may_subscribe(client);
    else send_request(client);
}

static bool starts(const char *text, size_t length, const char *beginning) {
    size_t wanted = strlen(beginning);
    return length >= wanted && !memcmp(text, beginning, wanted);
}

/* Everything a text message can mean besides carrying events. */
static void take_message(struct client *client, const char *text, size_t length) {
    if (options.transport == SOCKETIO && length == 1 && *text == '2') {
        send_text(client, "3");
    } else if (client->stage == OPENING) {
        if (starts(text, length, "0{")) send_text(client, "40");
        else if (starts(text, length, "40")) may_subscribe(client);
        else lose(client, "unexpected packet before the namespace was joined");
    } else if (client->stage == ASKING && memmem(text, length, options.ready, strlen(options.ready))) {
        become_live(client);
    }
}

static void take_frame(struct client *client, uint8_t opcode, const char *payload, size_t length) {
    if (opcode == PING) {
        send_frame(client, PONG, payload, length);
    } else if (opcode == CLOSE) {
        char why[160];
        snprintf(why, sizeof why, "closed by the server: %.*s", length > 2 ? (int)(length - 2) : 0, payload + 2);
        lose(client, why);
    } else if (opcode != PONG) {
        if (client->stage != LIVE || length == 1) take_message(client, payload, length);
        tally_scan(client, payload, length);
    }
}

/* Each feed_… takes whole units from the front of the bytes and returns how many bytes that were. */
static size_t feed_frames(struct client *client, const char *bytes, size_t length) {
    size_t at = 0;
    while (length - at >= 2 && client->stage != LOST) {
        const uint8_t *frame = (const uint8_t *)bytes + at;
        size_t header = 2, size = frame[1] & 0x7f;
        if (frame[0] & 0x70 || frame[1] & 0x80) {
            lose(client, "a frame with reserved bits or a mask");
            break;
        }
        if (size == 126) {
            if (length - at < 4) break;
            header = 4, size = (size_t)frame[2] << 8 | frame[3];
        } else if (size == 127) {
            if (length - at < 10) break;
            header = 10, size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | frame[i];
        }
        if (size > BUFFER_BYTES / 2) fail("a frame of %zu bytes is longer than this program expects", size);
        if (length - at < header + size) break;
        take_frame(client, frame[0] & 0x0f, bytes + at + header, size);
        at += header + size;
    }
    return at;
}

static size_t feed_chunks(struct client *client, const char *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        size_t size = 0, p = at;
        for (; p < length; p++) {
            int digit = bytes[p] | 0x20;
            if (digit >= '0' && digit <= '9') digit -= '0';
            else if (digit >= 'a' && digit <= 'f') digit -= 'a' - 10;
            else break;
            size = size * 16 + (size_t)digit;
        }
        const char *line = memchr(bytes + p, '\n', length - p);
        if (!line) break;
        if (size == 0) {
            lose(client, "the server ended the stream");
            break;
        }
        size_t data = (size_t)(line + 1 - bytes);
        if (length < data + size + 2) break;
        tally_scan(client, bytes + data, size);
        at = data + size + 2;
    }
    return at;
}

static size_t feed_head(struct client *client, const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    char head[4096];
    size_t head_length = (size_t)(end - bytes);
    snprintf(head, sizeof head, "%.*s", (int)head_length, bytes);
    if (options.transport == EVENTSOURCE) {
        client->chunked = strcasestr(head, "\r\nTransfer-Encoding: chunked") != NULL;
        if (strncmp(head, "HTTP/1.1 200", 12)) lose(client, head);
        else become_live(client);
    } else if (strncmp(head, "HTTP/1.1 101", 12) || !strstr(head, UPGRADE_ACCEPT)) {
        lose(client, head);
    } else if (options.transport == SOCKETIO) {
        client->stage = OPENING;
    } else {
        may_subscribe(client);
    }
    return head_length + 4;
}

static size_t feed(struct client *client, const char *bytes, size_t length) {
    size_t used = client->stage == UPGRADING ? feed_head(client, bytes, length) : 0;
    if (client->stage == LOST || client->stage == UPGRADING) return used;
    if (options.transport != EVENTSOURCE) return used + feed_frames(client, bytes + used, length - used);
    if (client->chunked) return used + feed_chunks(client, bytes + used, length - used);
    tally_scan(client, bytes + used, length - used);
    return length;
}

static void keep_rest(struct client *client, const char *bytes, size_t length) {
    if (length > client->rest_capacity) {
        client->rest_capacity = (uint32_t)(length < 512 ? 512 : length);
        free(client->rest);
        client->rest = malloc(client->rest_capacity);
        if (!client->rest) fail("no memory");
    }
    if (length) memcpy(client->rest, bytes, length);
    client->rest_length = (uint32_t)length;
}

void client_ready(struct client *client, uint32_t epoll_events) {
    static char buffer[BUFFER_BYTES];
    if (client->stage == CONNECTING && !(epoll_events & (EPOLLERR | EPOLLHUP))) {
        connected(client);
        return;
    }
    size_t kept = client->rest_length;
    if (kept) memcpy(buffer, client->rest, kept);
    ssize_t got = recv(client->endpoint.fd, buffer + kept, READ_BYTES, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        lose(client, got ? strerror(errno) : "the server closed the connection");
        return;
    }
    batch_time = now_ns();
    client->bytes += (uint64_t)got;
    tally.bytes += (uint64_t)got;
    tally.reads++;
    size_t length = kept + (size_t)got, used = feed(client, buffer, length);
    if (client->stage != LOST) keep_rest(client, buffer + used, length - used);
}
