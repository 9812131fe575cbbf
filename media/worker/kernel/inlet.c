/* The way in: reads the sockets, and decrypts and forwards the packets about which there is nothing to decide. See
 * media/worker/inlet.py, which says what those are; all others, and everything that is not RTP, is for Python. */

#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "inlet.h"

enum {
    QUEUE = INLET_QUEUE,
    DATAGRAM = INLET_DATAGRAM,
    AT_ONCE = 8,     /* datagrams of a system call */
    BURST = 64,      /* datagrams of a socket before the next one's turn */
    CONTROL = 64,    /* octets for the kernel's note of when it came */
    EVENTS = 16,
    OTHERS = -1,     /* the number under which the loop's own epoll is known */
    SHARED = 8,      /* octets of header extensions that all copies share, at most */
    MAX_BLOCKS = 32  /* of redundant sound, that are looked at */
};

/* Seconds that a datagram may have waited, as in media/worker/udp.py. */
#define MAX_AGE 1.0

typedef int (*unprotect_t)(void *session, void *packet, int *length);

struct inlet {
    unprotect_t unprotect;
    fanout_t *fanout;
    volatile uint64_t *serving;
    uint32_t stamp; /* of the header extension that says when a packet was sent, the first octet */
    uint8_t level;  /* the first octet of that which says how loud it is */
    int epoll;
    int count;       /* of what waits for Python */
    unsigned turn;   /* whose turn it is to be read first: the last ones may find no more room */
    bool for_python; /* something of that is not done with: what comes after it waits for Python, too */
    totals_t totals;
    /* the doors, by their addresses: open addressing with a power of two of places, half of them empty at least */
    door_t **doors;
    unsigned places;
    unsigned known;
    struct mmsghdr messages[QUEUE];
    struct iovec parts[QUEUE];
    arrival_t arrivals[QUEUE];
    _Alignas(8) uint8_t control[QUEUE][CONTROL];
    _Alignas(16) uint8_t data[QUEUE][DATAGRAM];
    uint8_t tail[SHARED + 1 + DATAGRAM];
};

/* ---- the doors */

static uint64_t hash(int endpoint, const uint8_t *address, unsigned length)
{
    uint64_t value = 0xcbf29ce484222325u ^ (uint64_t)(unsigned)endpoint; /* FNV-1a */
    if (length == sizeof(struct sockaddr_in))
        length = 8; /* the rest is padding */
    for (unsigned i = 2; i < length; i++)
        value = (value ^ address[i]) * 0x100000001b3u;
    return value ^ value >> 32;
}

static bool is_at(const door_t *door, int endpoint, const uint8_t *address, unsigned length)
{
    if (door->endpoint != endpoint || door->address_length != length)
        return false;
    return memcmp(door->address, address, length == sizeof(struct sockaddr_in) ? 8 : length) == 0;
}

static door_t *find(const inlet_t *inlet, int endpoint, const uint8_t *address, unsigned length)
{
    if (inlet->places == 0)
        return NULL;
    for (uint64_t i = hash(endpoint, address, length);; i++) {
        door_t *door = inlet->doors[i & (inlet->places - 1)];
        if (door == NULL || is_at(door, endpoint, address, length))
            return door;
    }
}

static void put(inlet_t *inlet, door_t *door)
{
    uint64_t i = hash(door->endpoint, door->address, door->address_length);
    while (inlet->doors[i & (inlet->places - 1)] != NULL)
        i++;
    inlet->doors[i & (inlet->places - 1)] = door;
}

int inlet_add(inlet_t *inlet, door_t *door)
{
    if (2 * (inlet->known + 1) > inlet->places) {
        door_t **before = inlet->doors;
        const unsigned places = inlet->places;
        door_t **doors = calloc(places == 0 ? 16 : 2 * (size_t)places, sizeof *doors);
        if (doors == NULL)
            return -1;
        inlet->doors = doors;
        inlet->places = places == 0 ? 16 : 2 * places;
        for (unsigned i = 0; i < places; i++)
            if (before[i] != NULL)
                put(inlet, before[i]);
        free(before);
    }
    put(inlet, door);
    inlet->known++;
    return 0;
}

void inlet_remove(inlet_t *inlet, door_t *door)
{
    if (inlet->places == 0)
        return;
    const unsigned mask = inlet->places - 1;
    unsigned i = (unsigned)hash(door->endpoint, door->address, door->address_length) & mask;
    while (inlet->doors[i] != door) {
        if (inlet->doors[i] == NULL)
            return;
        i = (i + 1) & mask;
    }
    inlet->doors[i] = NULL;
    inlet->known--;
    /* those that had to make way for it */
    for (i = (i + 1) & mask; inlet->doors[i] != NULL; i = (i + 1) & mask) {
        door_t *next = inlet->doors[i];
        inlet->doors[i] = NULL;
        put(inlet, next);
    }
}

/* ---- a packet */

/* Read the header extensions that are wanted, in a block of either form (RFC 8285) that begins here. What is not as long
 * as it should be is not there. */
static void read_extensions(const uint8_t *data, int at, int end, const lane_t *lane, arrival_t *arrival)
{
    const unsigned profile = (unsigned)data[at] << 8 | data[at + 1];
    const bool one = profile == 0xBEDE;
    if (!one && (profile & 0xFFF0) != 0x1000)
        return;
    at += 4;
    while (at < end) {
        int number, length, begin;
        if (data[at] == 0) {
            at++;
            continue;
        }
        if (one) {
            number = data[at] >> 4;
            length = (data[at] & 0x0F) + 1;
            begin = at + 1;
            if (number == 15)
                break;
        } else {
            if (at + 1 >= end)
                break;
            number = data[at];
            length = data[at + 1];
            begin = at + 2;
        }
        if (begin + length > end)
            break;
        if (number == 0) { /* it is none of a kind, though it has a length */
            at = begin + length;
            continue;
        }
        if (number == lane->level)
            arrival->level = length == 1 ? data[begin] : -1;
        if (number == lane->wide)
            arrival->wide = length >= 2 ? data[begin] << 8 | data[begin + 1] : length == 1 ? data[begin] : 0;
        at = begin + length;
    }
}

/* What media/worker/vp8.py reads: where the numbers are in a payload, and what is to be decided about it. */
typedef struct {
    int picture_at, picture_length, tl0_at; /* 0 where there is none */
    bool keyframe;
} picture_t;

static bool read_vp8(const uint8_t *payload, int length, picture_t *picture, arrival_t *arrival)
{
    const bool begins = (payload[0] & 0x17) == 0x10;
    int at = 1;
    if (payload[0] & 0x80) {
        if (length < 6) /* it may be cut off */
            return false;
        const uint8_t present = payload[at++];
        if (present & 0x80) {
            const bool two = payload[at] & 0x80;
            picture->picture_at = at;
            picture->picture_length = two ? 2 : 1;
            arrival->picture = two ? (payload[at] & 0x7F) << 8 | payload[at + 1] : payload[at];
            at += picture->picture_length;
        }
        if (present & 0x40) {
            picture->tl0_at = at;
            arrival->tl0 = payload[at++];
        }
        if (present & 0x30) {
            if (present & 0x20)
                arrival->temporal = payload[at] >> 6;
            at++;
        }
    }
    if (at >= length)
        return false;
    picture->keyframe = begins && (payload[at] & 0x01) == 0;
    return true;
}

/* What media/worker/red.py does: return where the block of the packet's own time begins, -1 if it is cut off; and write
 * the payload with this type in all its blocks. */
static int relabel(const uint8_t *payload, int length, uint8_t *to, uint8_t type)
{
    int at = 0, older = 0;
    memcpy(to, payload, (size_t)length);
    for (int blocks = 0; blocks < MAX_BLOCKS && at < length; blocks++) {
        to[at] = (payload[at] & 0x80) | type;
        if ((payload[at] & 0x80) == 0)
            return at + 1 + older <= length ? at + 1 + older : -1;
        if (at + 4 > length)
            return -1;
        older += (payload[at + 2] & 0x03) << 8 | payload[at + 3];
        at += 4;
    }
    return -1;
}

/* Write what all copies share, as media/worker/outgoing_extensions.py does; return how long it is. */
static int write_shared(const inlet_t *inlet, uint8_t *to, const lane_t *lane, const arrival_t *arrival)
{
    int length = 4;
    if (lane->kind == LANE_SOUND) {
        write32(to, arrival->level < 0 ? 0 : (uint32_t)inlet->level << 24 | (uint32_t)arrival->level << 16);
        to += 4;
        length += 4;
    }
    write32(to, inlet->stamp | ((uint32_t)(uint64_t)(arrival->at * 262144.0) & 0xFFFFFF));
    return length;
}

static void send_copies(inlet_t *inlet, const arrival_t *arrival, int length, int octets, int picture, int picture_length,
                 int tl0, outgoing_t **receivers, int count)
{
    totals_t *totals = &inlet->totals;
    outcome_t outcome;
    fanout_forward(inlet->fanout, arrival->data, inlet->tail, length, octets, picture, picture_length, tl0, receivers,
                   count, &outcome);
    totals->sent += (uint64_t)outcome.sent;
    totals->octets += (uint64_t)outcome.sent * (uint64_t)length;
    totals->full += (uint64_t)outcome.full;
    totals->refused += (uint64_t)outcome.refused;
    totals->unprotected += (uint64_t)outcome.unprotected;
}

/* Sound that may be redundant goes as that to those who take it so, and to others its own block. */
static bool forward_redundant(inlet_t *inlet, const lane_t *lane, const arrival_t *arrival, int payload_at, int shared)
{
    const uint8_t *payload = arrival->data + payload_at;
    const int octets = arrival->length - payload_at;
    uint8_t *tail = inlet->tail + shared;
    int begin = 0, length = octets;

    if (lane->payload_type == lane->red) {
        begin = relabel(payload, octets, tail, lane->block);
        if (begin < 0)
            return false;
    } else {
        tail[0] = lane->block;
        memcpy(tail + 1, payload, (size_t)octets);
        length++;
    }
    if (lane->takers > 0)
        send_copies(inlet, arrival, shared + length, octets, 0, 0, 0, lane->receivers, lane->takers);
    if (lane->count > lane->takers) {
        memcpy(tail, payload + begin, (size_t)(octets - begin));
        send_copies(inlet, arrival, shared + octets - begin, octets - begin, 0, 0, 0, lane->receivers + lane->takers,
             lane->count - lane->takers);
    }
    return true;
}

/* Send it to all receivers. Returns false if that is for Python. */
static bool forward(inlet_t *inlet, const lane_t *lane, arrival_t *arrival, int payload_at)
{
    const uint8_t *data = arrival->data, *payload = data + payload_at;
    const int octets = arrival->length - payload_at;
    picture_t picture = {0};

    if (octets <= 0)
        return false;
    for (int i = 0; i < lane->count; i++)
        if (lane->receivers[i]->route->state == ROUTE_ELSEWHERE)
            return false;
    arrival->wide = arrival->level = arrival->picture = -1;
    arrival->tl0 = arrival->temporal = 0;
    if (lane->kind == LANE_VP8 &&
        (!read_vp8(payload, octets, &picture, arrival) || picture.keyframe || arrival->temporal > lane->up_to))
        return false;
    if (data[0] & 0x10)
        read_extensions(data, HEADER + 4 * (data[0] & 0x0F), payload_at, lane, arrival);
    arrival->lane = lane->number;
    arrival->timestamp = read32(data + 4);
    if (lane->count == 0)
        return true;

    uint8_t *tail = inlet->tail;
    const int shared = write_shared(inlet, tail, lane, arrival);
    if (lane->red != 0)
        return forward_redundant(inlet, lane, arrival, payload_at, shared);
    memcpy(tail + shared, payload, (size_t)octets);
    send_copies(inlet, arrival, shared + octets, octets, picture.picture_at ? shared + picture.picture_at : 0,
         picture.picture_length, picture.tl0_at ? shared + picture.tl0_at : 0, lane->receivers, lane->count);
    return true;
}

void inlet_take(inlet_t *inlet, arrival_t *arrival)
{
    uint8_t *data = arrival->data;
    const int size = arrival->length;

    arrival->kind = ARRIVED_UNTOUCHED;
    if (inlet->for_python)
        return;
    inlet->for_python = true; /* unless all goes well */
    /* RTP, and not RTCP (RFC 5761), without padding */
    if (size < HEADER || (data[0] & 0xE0) != 0x80 || (data[1] >= 192 && data[1] <= 223))
        return;
    door_t *door = find(inlet, arrival->endpoint, arrival->address, arrival->address_length);
    if (door == NULL)
        return;
    const uint32_t ssrc = read32(data + 8);
    lane_t *lane = NULL;
    for (int i = 0; i < door->count; i++)
        if (door->lanes[i]->ssrc == ssrc)
            lane = door->lanes[i];
    if (lane == NULL || !lane->armed)
        return;
    const unsigned sequence = (unsigned)data[2] << 8 | data[3];
    int payload_at = HEADER + 4 * (data[0] & 0x0F);
    if (data[0] & 0x10)
        payload_at += payload_at + 4 <= size ? 4 + 4 * ((int)data[payload_at + 2] << 8 | data[payload_at + 3]) : size;
    if (sequence != lane->next || (data[1] & 0x7F) != lane->payload_type || payload_at > size)
        return;

    *inlet->serving = door->room;
    arrival->door = door->number;
    inlet->totals.received++;
    inlet->totals.octets_received += (uint64_t)size;
    if (inlet->unprotect(door->session, data, &arrival->length) != 0) {
        arrival->kind = ARRIVED_REFUSED;
    } else if (payload_at <= arrival->length && forward(inlet, lane, arrival, payload_at)) {
        lane->next++;
        inlet->totals.ahead++;
        arrival->kind = ARRIVED_FORWARDED;
        inlet->for_python = false;
    } else {
        arrival->kind = ARRIVED_OPENED;
    }
    *inlet->serving = 0;
}

/* ---- the sockets */

static double read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* When a datagram came: see media/worker/udp.py. */
static double arrived(struct msghdr *message, double now, double wall)
{
    struct cmsghdr *note = CMSG_FIRSTHDR(message);
    if (note != NULL && note->cmsg_level == SOL_SOCKET && note->cmsg_type == SCM_TIMESTAMPNS &&
        note->cmsg_len == CMSG_LEN(sizeof(struct timespec))) {
        struct timespec at;
        memcpy(&at, CMSG_DATA(note), sizeof at);
        const double age = wall - (double)at.tv_sec - (double)at.tv_nsec * 1e-9;
        if (age > 0.0 && age < MAX_AGE)
            return now - age;
    }
    return now;
}

static void read_socket(inlet_t *inlet, int descriptor, int endpoint)
{
    for (int left = BURST; left > 0 && inlet->count < QUEUE;) {
        int wanted = left < AT_ONCE ? left : AT_ONCE;
        if (wanted > QUEUE - inlet->count)
            wanted = QUEUE - inlet->count;
        for (int i = inlet->count; i < inlet->count + wanted; i++) {
            inlet->messages[i].msg_hdr.msg_namelen = sizeof inlet->arrivals[i].address;
            inlet->messages[i].msg_hdr.msg_controllen = CONTROL;
        }
        const int taken = recvmmsg(descriptor, inlet->messages + inlet->count, (unsigned)wanted, MSG_DONTWAIT, NULL);
        if (taken < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return;
            left--; /* an ICMP error about something sent earlier, or a signal */
            continue;
        }
        const double now = read_clock(CLOCK_MONOTONIC), wall = read_clock(CLOCK_REALTIME);
        for (int i = 0; i < taken; i++) {
            arrival_t *arrival = &inlet->arrivals[inlet->count];
            struct msghdr *message = &inlet->messages[inlet->count].msg_hdr;
            arrival->endpoint = endpoint;
            arrival->length = (int)inlet->messages[inlet->count].msg_len;
            arrival->address_length = (unsigned)message->msg_namelen;
            arrival->at = arrived(message, now, wall);
            inlet->count++;
            inlet_take(inlet, arrival);
        }
        if (taken < wanted)
            return;
        left -= taken;
    }
}

int inlet_wait(inlet_t *inlet, double timeout, int *others)
{
    const double deadline = read_clock(CLOCK_MONOTONIC) + timeout;
    double left = timeout;
    struct epoll_event events[EVENTS];

    *others = 0;
    inlet->count = 0;
    inlet->for_python = false;
    do {
        /* rounded up, or it would be asked again and again in the last millisecond */
        const int wait = timeout < 0 ? -1 : left <= 0 ? 0 : left < 1e6 ? (int)(left * 1e3 + 0.999) : 1000000000;
        const int ready = epoll_wait(inlet->epoll, events, EVENTS, wait);
        if (ready < 0) {
            if (errno == EINTR)
                break; /* Python may have something to do about the signal */
            return -1;
        }
        inlet->turn++;
        for (int i = 0; i < ready; i++) {
            const uint64_t which = events[(inlet->turn + (unsigned)i) % (unsigned)ready].data.u64;
            const int endpoint = (int)(int32_t)(uint32_t)(which >> 32);
            if (endpoint == OTHERS)
                *others = 1;
            else
                read_socket(inlet, (int)(uint32_t)which, endpoint);
        }
        if (timeout >= 0)
            left = deadline - read_clock(CLOCK_MONOTONIC);
    } while (!*others && !inlet->for_python && inlet->count < QUEUE - BURST && (timeout < 0 || left > 0));
    return inlet->count;
}

static int watch(inlet_t *inlet, int descriptor, int endpoint)
{
    struct epoll_event event = {.events = EPOLLIN};
    event.data.u64 = (uint64_t)(uint32_t)endpoint << 32 | (uint32_t)descriptor;
    return epoll_ctl(inlet->epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int inlet_watch(inlet_t *inlet, int descriptor, int endpoint)
{
    return watch(inlet, descriptor, endpoint);
}

int inlet_ignore(inlet_t *inlet, int descriptor)
{
    return epoll_ctl(inlet->epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

inlet_t *inlet_new(void *unprotect, fanout_t *fanout, uint64_t *serving, int loop, uint32_t stamp, uint8_t level)
{
    inlet_t *inlet = calloc(1, sizeof *inlet);
    if (inlet == NULL)
        return NULL;
    inlet->unprotect = (unprotect_t)unprotect;
    inlet->fanout = fanout;
    inlet->serving = serving;
    inlet->stamp = stamp;
    inlet->level = level;
    for (int i = 0; i < QUEUE; i++) {
        struct msghdr *message = &inlet->messages[i].msg_hdr;
        inlet->arrivals[i].data = inlet->data[i];
        inlet->parts[i].iov_base = inlet->data[i];
        inlet->parts[i].iov_len = DATAGRAM;
        message->msg_iov = &inlet->parts[i];
        message->msg_iovlen = 1;
        message->msg_name = inlet->arrivals[i].address;
        message->msg_control = inlet->control[i];
    }
    inlet->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (inlet->epoll < 0 || (loop >= 0 && watch(inlet, loop, OTHERS) < 0)) {
        inlet_free(inlet);
        return NULL;
    }
    return inlet;
}

void inlet_free(inlet_t *inlet)
{
    if (inlet->epoll >= 0)
        close(inlet->epoll);
    free(inlet->doors);
    free(inlet);
}

arrival_t *inlet_arrivals(inlet_t *inlet)
{
    return inlet->arrivals;
}

uint8_t *inlet_data(inlet_t *inlet)
{
    return inlet->data[0];
}

totals_t *inlet_totals(inlet_t *inlet)
{
    return &inlet->totals;
}
