/*
 * The floor: what the kernel itself charges for live delivery on one core.
 *
 * One thread, one epoll. For every published event it makes exactly one send() of one prepared WebSocket text frame per
 * subscriber: no log, no joining, no queues. Whoever delivers one event by one system call cannot be faster than this.
 *
 *   GET  with "Sec-WebSocket-Key"   becomes a subscriber (RFC 6455 section 4.2.2)
 *   POST with "Content-Length"      the body is the event: answered at once, then sent to every subscriber
 *
 * Usage: floor PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FDS = 65536, REQUEST_BYTES = 8192, READY_AT_ONCE = 256 };

struct peer {
    int subscriber;   /* index in subscribers + 1, or 0 while it only speaks HTTP */
    size_t length;
    char *request;    /* an unfinished HTTP request */
};

static struct peer peers[MAX_FDS];
static int subscribers[MAX_FDS];
static int subscriber_count;
static int poller;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* SHA-1 of a short text (RFC 3174): the handshake needs nothing longer than two blocks. */
static void sha1(const char *text, size_t length, uint8_t digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t blocks[128] = {0};
    size_t total = length + 9 <= 64 ? 64 : 128;
    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    for (int i = 0; i < 8; i++) blocks[total - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
    for (size_t at = 0; at < total; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const uint8_t *p = blocks + at + 4 * i;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) {
            uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
            w[i] = x << 1 | x >> 31;
        }
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5A827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC
                                  : (b ^ c ^ d) + 0xCA62C1D6;
            uint32_t next = (a << 5 | a >> 27) + f + e + w[i];
            e = d, d = c, c = b << 30 | b >> 2, b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64_of_digest(const uint8_t digest[20], char text[29]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t padded[21] = {0};
    memcpy(padded, digest, 20);
    for (int i = 0; i < 7; i++) {
        uint32_t group = (uint32_t)padded[3 * i] << 16 | (uint32_t)padded[3 * i + 1] << 8 | padded[3 * i + 2];
        for (int k = 0; k < 4; k++) text[4 * i + k] = alphabet[group >> (18 - 6 * k) & 63];
    }
    text[27] = '=', text[28] = 0;
}

static void send_whole(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes += sent, length -= (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {fd, POLLOUT, 0};
            poll(&writable, 1, -1); /* never drops an event: the floor waits, and the figure shows it */
        } else {
            return; /* gone: epoll reports it */
        }
    }
}

static void forget(int fd) {
    struct peer *peer = &peers[fd];
    if (peer->subscriber) {
        int last = subscribers[--subscriber_count];
        subscribers[peer->subscriber - 1] = last;
        peers[last].subscriber = peer->subscriber;
    }
    free(peer->request);
    *peer = (struct peer){0};
    close(fd);
}

static void deliver(const char *event, size_t length) {
    static char frame[REQUEST_BYTES + 4];
    size_t header = length < 126 ? 2 : 4;
    frame[0] = (char)0x81;
    frame[1] = (char)(length < 126 ? length : 126);
    if (header == 4) frame[2] = (char)(length >> 8), frame[3] = (char)length;
    memcpy(frame + header, event, length);
    for (int i = 0; i < subscriber_count; i++) send_whole(subscribers[i], frame, header + length);
}

static void accept_subscriber(int fd, const char *key) {
    char text[128], answer[256], accepted[29];
    uint8_t digest[20];
    int length = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, (size_t)length, digest);
    base64_of_digest(digest, accepted);
    length = snprintf(answer, sizeof answer,
                      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: %s\r\n\r\n", accepted);
    send_whole(fd, answer, (size_t)length);
    subscribers[subscriber_count++] = fd;
    peers[fd].subscriber = subscriber_count;
}

static void accept_event(int fd, const char *body, size_t length) {
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    send_whole(fd, answer, sizeof answer - 1);
    deliver(body, length);
}

/* Takes one whole request off the front of the peer's bytes; returns how many it took, 0 while it is incomplete. */
static size_t take_request(int fd) {
    struct peer *peer = &peers[fd];
    char *end = memmem(peer->request, peer->length, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    size_t head = (size_t)(end - peer->request) + 4, body = 0;
    char *size = strcasestr(peer->request, "\r\nContent-Length:");
    char *key = strcasestr(peer->request, "\r\nSec-WebSocket-Key:");
    if (size) body = strtoul(size + 17, NULL, 10);
    if (peer->length < head + body) {
        *end = '\r';
        return 0;
    }
    if (key) {
        accept_subscriber(fd, key + 20 + strspn(key + 20, " "));
    } else {
        accept_event(fd, peer->request + head, body);
    }
    return head + body;
}

static void read_from(int fd) {
    struct peer *peer = &peers[fd];
    static char ignored[REQUEST_BYTES];
    if (peer->subscriber) { /* pongs and closes of a subscriber are nothing to the floor */
        ssize_t got = recv(fd, ignored, sizeof ignored, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) forget(fd);
        return;
    }
    if (!peer->request) peer->request = malloc(REQUEST_BYTES + 1);
    ssize_t got = recv(fd, peer->request + peer->length, REQUEST_BYTES - peer->length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        forget(fd);
        return;
    }
    peer->length += (size_t)got;
    for (size_t taken; !peer->subscriber && (taken = take_request(fd)) > 0;) {
        peer->length -= taken;
        memmove(peer->request, peer->request + taken, peer->length);
    }
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_FDS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event interest = {EPOLLIN, {.fd = fd}};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &interest);
    }
}

static int listen_on(int port) {
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) fail("listen");
    return fd;
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: floor PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(atoi(arguments[1]));
    poller = epoll_create1(0);
    struct epoll_event interest = {EPOLLIN, {.fd = listener}}, ready[READY_AT_ONCE];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest);
    for (;;) {
        int n = epoll_wait(poller, ready, READY_AT_ONCE, -1);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) accept_all(listener);
            else read_from(ready[i].data.fd);
        }
    }
}
