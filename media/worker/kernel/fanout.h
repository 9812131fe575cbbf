/* What Python and C say to each other. cffi reads this file too, so there are declarations in it and nothing else. */

/* The way out of one transport. Python owns it, and whatever its pointers lead to. */
typedef struct {
    void *session;         /* an srtp_t of pylibsrtp */
    const int *descriptor; /* of the socket it leaves by, in memory of the endpoint, which writes -1 there to close it */
    int state;             /* of enum route_state */
    unsigned int address_length;
    uint8_t address[28];   /* a struct sockaddr_in or sockaddr_in6 */
} route_t;

enum route_state {
    ROUTE_CLOSED,    /* nothing is sent */
    ROUTE_SOCKET,    /* from here, by sendmmsg */
    ROUTE_ELSEWHERE, /* by Python */
    ROUTE_LOST       /* there are keys, but no address */
};

/* What one receiver's packets become: offsets are added, each modulo the size of its field. */
typedef struct {
    const route_t *route;
    uint64_t packets; /* that were taken to be sent, since the start */
    uint64_t octets;  /* of their payloads */
    uint64_t unsent;  /* packets that should have been, and were not */
    uint32_t ssrc;
    uint32_t timestamp_offset;
    uint16_t sequence_offset;
    uint16_t picture_offset;
    uint8_t tl0_offset;
    uint8_t payload_type;
    uint8_t extensions_length;
    uint8_t extensions[64]; /* the beginning of the header extension block */
} outgoing_t;

/* What became of one packet's copies. */
typedef struct {
    int sent;
    int full;        /* not taken: the socket's buffer is full */
    int refused;     /* not taken for another reason, or there was no open socket to take it */
    int unprotected; /* SRTP failed, or the packet is too long */
    int elsewhere;   /* left to Python */
} outcome_t;

typedef struct fanout fanout_t;

/* Takes the address of srtp_protect. Returns NULL without memory. */
fanout_t *fanout_new(void *protect);
void fanout_free(fanout_t *fanout);

/* Rewrites, protects and sends an RTP packet to each receiver. Of packet the first eight octets are read; tail is what
 * the copies have in common: the end of the header extension block, and the payload, which has so many octets. The caller
 * has checked that the offsets of the picture numbers are inside of tail; 0 means that there is none.
 * Returns the number of receivers to which it was sent; what became of the others is in *outcome.
 * Not for two threads at a time. */
int fanout_forward(fanout_t *fanout, const uint8_t *packet, const uint8_t *tail, int tail_length, int octets,
                   int picture, int picture_length, int tl0, outgoing_t **receivers, int count, outcome_t *outcome);
