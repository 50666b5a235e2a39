/*
 * Counts deliveries, checks their order, measures their delay.
 *
 * A delivery is one whole mark in the bytes of one subscriber. An event is complete when every subscriber has it; its
 * delay runs from just before its request was sent to the read that held the last of these deliveries.
 */
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Delays in nanoseconds, in buckets of 1/64 of a power of two: 1.6% wide at worst. */
enum { STEPS = 64, BUCKETS = 64 * STEPS };
struct histogram {
    uint64_t count, buckets[BUCKETS];
};
static struct histogram each, last;

struct pending {
    uint64_t sent;
    uint32_t left;
};
static struct pending *pending[MAX_PUBLISHERS];
static uint32_t pending_capacity[MAX_PUBLISHERS];
static size_t marker_length, mark_length;

static void record(struct histogram *histogram, uint64_t delay) {
    int power = 63 - __builtin_clzll(delay | STEPS);
    uint64_t step = delay >> (power - 6); /* 64 ≤ step < 128, or below 64 for the first bucket row */
    histogram->buckets[(uint64_t)(power - 6) * STEPS + (step & (STEPS - 1))]++;
    histogram->count++;
}

static double percentile(const struct histogram *histogram, double share) {
    uint64_t seen = 0, wanted = (uint64_t)(share * (double)histogram->count);
    for (int i = 0; i < BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted) return (double)((uint64_t)(STEPS + i % STEPS) << (i / STEPS)) / 1e6;
    }
    return 0;
}

void tally_open(void) {
    marker_length = strlen(options.marker);
    mark_length = marker_length + PUBLISHER_DIGITS + NUMBER_DIGITS;
    if (marker_length == 0 || mark_length >= MARK_BYTES) fail("--marker must have 1 to %d bytes", MARK_BYTES - 13);
}

void tally_published(int publisher, uint32_t number, uint64_t now) {
    if (number >= pending_capacity[publisher]) {
        uint32_t capacity = pending_capacity[publisher] ? pending_capacity[publisher] * 2 : 1024;
        while (capacity <= number) capacity *= 2;
        pending[publisher] = realloc(pending[publisher], capacity * sizeof(struct pending));
        if (!pending[publisher]) fail("no memory");
        pending_capacity[publisher] = capacity;
    }
    pending[publisher][number] = (struct pending){now, (uint32_t)options.clients};
}

static uint32_t digits(const char *text, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++) value = value * 10 + (uint32_t)(text[i] - '0');
    return value;
}

static void count(struct client *client, const char *numbers) {
    uint32_t publisher = digits(numbers, PUBLISHER_DIGITS), number = digits(numbers + PUBLISHER_DIGITS, NUMBER_DIGITS);
    if (publisher == PROBE) {
        if (client->probes++ == 0) tally.probed++;
        return;
    }
    if (publisher >= MAX_PUBLISHERS || number != client->next[publisher]) {
        tally.disordered++;
        return;
    }
    client->next[publisher]++;
    client->delivered++;
    tally.deliveries++;
    tally.last_delivery = batch_time;
    if (number >= pending_capacity[publisher] || !pending[publisher][number].left) return; /* from an earlier run */
    struct pending *event = &pending[publisher][number];
    record(&each, batch_time - event->sent);
    if (--event->left == 0) {
        record(&last, batch_time - event->sent);
        tally.completed++;
    }
}

static void carry(struct client *client, const char *bytes, size_t length) {
    memcpy(client->carry + client->carried, bytes, length);
    client->carried = (uint8_t)(client->carried + length);
}

/* Marks that start in these bytes; what may be the beginning of one at their end is carried over. */
static void scan_fresh(struct client *client, const char *at, size_t length) {
    const char *end = at + length;
    while ((at = memchr(at, options.marker[0], (size_t)(end - at)))) {
        size_t left = (size_t)(end - at);
        if (memcmp(at, options.marker, left < marker_length ? left : marker_length)) {
            at++;
        } else if (left < mark_length) {
            carry(client, at, left);
            return;
        } else {
            count(client, at + marker_length);
            at += mark_length;
        }
    }
}

void tally_scan(struct client *client, const char *bytes, size_t length) {
    if (client->carried) {
        size_t missing = mark_length - client->carried, taken = length < missing ? length : missing;
        char joined[MARK_BYTES];
        carry(client, bytes, taken);
        size_t joined_length = client->carried;
        if (joined_length < mark_length) return;
        memcpy(joined, client->carry, joined_length);
        client->carried = 0;
        if (!memcmp(joined, options.marker, marker_length)) {
            count(client, joined + marker_length);
        } else { /* it only began like a mark: look again behind its first byte, together with what follows */
            scan_fresh(client, joined + 1, joined_length - 1);
            if (client->carried) {
                tally_scan(client, bytes + taken, length - taken);
                return;
            }
        }
        bytes += taken, length -= taken;
    }
    scan_fresh(client, bytes, length);
}

static void report(const char *name, const struct histogram *histogram) {
    printf("\"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f, ", name, percentile(histogram, 0.50), name,
           percentile(histogram, 0.99));
}

void tally_report_delays(void) {
    report("delivery", &each);
    report("last_delivery", &last);
}
