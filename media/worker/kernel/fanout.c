/* One packet to all its receivers: rewrite, protect and sendmmsg, in one call. See media/worker/fanout.py, which has
 * the same in Python and is held to the same bytes by the same tests. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fanout.h"

enum {
    HEADER = 12,
    LONGEST = 1456, /* bytes of a packet before it is protected: MAX_PACKET of media.worker.aiortc_hooks */
    TRAILER = 144,  /* SRTP_MAX_TRAILER_LEN */
    SLOT = 1600,    /* LONGEST + TRAILER, and a multiple of 16 */
    BATCH = 32      /* messages per system call; their packets stay in the first caches */
};

typedef int (*protect_t)(void *session, void *packet, int *length);

struct fanout {
    protect_t protect;
    int descriptor; /* where the messages that wait go to */
    unsigned waiting;
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    outgoing_t *receivers[BATCH]; /* whose those messages are */
    _Alignas(16) uint8_t slots[BATCH][SLOT];
};

fanout_t *fanout_new(void *protect)
{
    fanout_t *fanout = calloc(1, sizeof *fanout);
    if (fanout == NULL)
        return NULL;
    fanout->protect = (protect_t)protect;
    for (unsigned i = 0; i < BATCH; i++) {
        fanout->parts[i].iov_base = fanout->slots[i];
        fanout->messages[i].msg_hdr.msg_iov = &fanout->parts[i];
        fanout->messages[i].msg_hdr.msg_iovlen = 1;
    }
    return fanout;
}

void fanout_free(fanout_t *fanout)
{
    free(fanout);
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void flush(fanout_t *fanout, int octets, outcome_t *outcome)
{
    unsigned done = 0;
    while (done < fanout->waiting) {
        int taken = sendmmsg(fanout->descriptor, fanout->messages + done, fanout->waiting - done, MSG_DONTWAIT);
        if (taken > 0) {
            outcome->sent += taken;
            for (unsigned end = done + (unsigned)taken; done < end; done++) {
                fanout->receivers[done]->packets++;
                fanout->receivers[done]->octets += (uint64_t)octets;
            }
        } else if (taken < 0 && errno == EINTR) {
            continue;
        } else if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            /* it would say the same of each that follows */
            outcome->full += (int)(fanout->waiting - done);
            for (; done < fanout->waiting; done++)
                fanout->receivers[done]->unsent++;
        } else {
            if (taken < 0 && errno == ENOBUFS)
                outcome->full++;
            else
                outcome->refused++;
            fanout->receivers[done++]->unsent++;
        }
    }
    fanout->waiting = 0;
}

int fanout_forward(fanout_t *fanout, const uint8_t *packet, const uint8_t *tail, int tail_length, int octets,
                   int picture, int picture_length, int tl0, outgoing_t **receivers, int count, outcome_t *outcome)
{
    const uint8_t first = (uint8_t)(0x90 | (packet[0] & 0x20)); /* version 2, an extension, the padding it has */
    const uint8_t marker = packet[1] & 0x80;
    const unsigned sequence = (unsigned)packet[2] << 8 | packet[3];
    const uint32_t timestamp = read32(packet + 4);

    memset(outcome, 0, sizeof *outcome);
    for (int i = 0; i < count; i++) {
        outgoing_t *out = receivers[i];
        const route_t *route = out->route;
        if (route->state != ROUTE_SOCKET) {
            if (route->state == ROUTE_ELSEWHERE) {
                outcome->elsewhere++;
            } else if (route->state == ROUTE_LOST) {
                outcome->refused++;
                out->unsent++;
            }
            continue;
        }
        const int descriptor = *route->descriptor;
        int size = HEADER + out->extensions_length + tail_length;
        if (size > LONGEST) {
            outcome->unprotected++;
            out->unsent++;
            continue;
        }
        if (descriptor != fanout->descriptor || fanout->waiting == BATCH) {
            flush(fanout, octets, outcome);
            fanout->descriptor = descriptor;
        }

        uint8_t *to = fanout->slots[fanout->waiting];
        const unsigned number = sequence + out->sequence_offset;
        to[0] = first;
        to[1] = marker | out->payload_type;
        to[2] = (uint8_t)(number >> 8);
        to[3] = (uint8_t)number;
        write32(to + 4, timestamp + out->timestamp_offset);
        write32(to + 8, out->ssrc);
        memcpy(to + HEADER, out->extensions, out->extensions_length);
        uint8_t *copy = to + HEADER + out->extensions_length;
        memcpy(copy, tail, (size_t)tail_length);
        if (picture != 0) {
            uint8_t *id = copy + picture;
            if (picture_length == 2) {
                const unsigned value = ((unsigned)id[0] << 8 | id[1]) + out->picture_offset;
                id[0] = (uint8_t)(0x80 | (value >> 8 & 0x7F));
                id[1] = (uint8_t)value;
            } else {
                id[0] = (uint8_t)((id[0] + out->picture_offset) & 0x7F);
            }
        }
        if (tl0 != 0)
            copy[tl0] = (uint8_t)(copy[tl0] + out->tl0_offset);

        if (fanout->protect(route->session, to, &size) != 0) {
            outcome->unprotected++;
            out->unsent++;
            continue;
        }
        fanout->receivers[fanout->waiting] = out;
        struct msghdr *message = &fanout->messages[fanout->waiting].msg_hdr;
        message->msg_name = (void *)route->address;
        message->msg_namelen = route->address_length;
        fanout->parts[fanout->waiting].iov_len = (size_t)size;
        fanout->waiting++;
    }
    flush(fanout, octets, outcome);
    return outcome->sent;
}
