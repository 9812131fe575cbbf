/* What comes in by UDP, as Python and C say it to each other. cffi reads this file too, so there are declarations in it
 * and nothing else. */

/* One incoming stream. Python owns it, and whatever its pointers lead to. */
typedef struct {
    uint32_t ssrc;
    int armed;            /* whether C may forward what comes next */
    uint16_t next;        /* the sequence number that is in order */
    uint8_t payload_type;
    uint8_t kind;         /* of enum lane_kind */
    uint8_t up_to;        /* the highest temporal layer that all receivers take */
    uint8_t level, wide;  /* numbers of header extensions: the level of sound, the transport-wide number; 0 for none */
    uint8_t red;          /* the payload type of redundant sound (RFC 2198), 0 for none */
    uint8_t block;        /* that of its blocks, as receivers know it */
    int number;           /* by which Python knows it */
    int count;
    int takers;           /* how many of the receivers, the first, take redundant sound as such */
    outgoing_t **receivers;
} lane_t;

enum lane_kind {
    LANE_SOUND,
    LANE_VP8
};

/* The way in to one transport: who sends from this address to this endpoint is its peer. Python owns it. */
typedef struct {
    void *session;  /* an srtp_t of pylibsrtp */
    uint64_t room;  /* what is said to be served meanwhile: see media/serving.py */
    int number;     /* by which Python knows it */
    int endpoint;   /* by its number */
    unsigned int address_length;
    uint8_t address[28]; /* a struct sockaddr_in or sockaddr_in6 */
    int count;
    lane_t *lanes[64];
} door_t;

/* A datagram that came in. */
typedef struct {
    double at;           /* seconds, of the monotonic clock */
    int kind;            /* of enum arrival_kind */
    int length;          /* in octets, as it is now */
    int door;            /* the number of the door, unless it is untouched */
    int lane;            /* of what was forwarded: the number of its lane, and what was read in it, or -1 */
    uint32_t timestamp;
    int wide;
    int level;
    int picture;
    int tl0;
    int temporal;
    int endpoint;
    unsigned int address_length;
    uint8_t address[28];
    uint8_t *data;
} arrival_t;

enum arrival_kind {
    ARRIVED_UNTOUCHED, /* as it came */
    ARRIVED_REFUSED,   /* an RTP packet that is not authentic */
    ARRIVED_OPENED,    /* decrypted, and nothing more */
    ARRIVED_FORWARDED  /* decrypted, and sent to everyone who is to have it */
};

/* What came in by doors, what went out and what did not: since Python looked last, and set it to 0. */
typedef struct {
    uint64_t ahead; /* packets that came in and were forwarded, or would have been if there were anybody */
    uint64_t received;
    uint64_t octets_received;
    uint64_t sent;
    uint64_t octets; /* of what all copies of a packet have in common */
    uint64_t full;
    uint64_t refused;
    uint64_t unprotected;
} totals_t;

typedef struct inlet inlet_t;

enum inlet_sizes {
    INLET_QUEUE = 256,    /* datagrams that are kept until Python takes them */
    INLET_DATAGRAM = 2048 /* octets of one; _DATAGRAM in media/worker/udp.py */
};

/* Takes the address of srtp_unprotect, where to say which room is served, the descriptor of the epoll of Python's loop,
 * and how the header extensions begin that all copies of a packet share: abs-send-time, in the upper octet, and the
 * level of sound. Returns NULL with errno. */
inlet_t *inlet_new(void *unprotect, fanout_t *fanout, uint64_t *serving, int loop, uint32_t stamp, uint8_t level);
void inlet_free(inlet_t *inlet);

/* Read a socket from now on, or no more. Returns -1 with errno. */
int inlet_watch(inlet_t *inlet, int descriptor, int endpoint);
int inlet_ignore(inlet_t *inlet, int descriptor);

/* Look for datagrams of this door from now on, or no more; its address may not change in between. Returns -1 without
 * memory. */
int inlet_add(inlet_t *inlet, door_t *door);
void inlet_remove(inlet_t *inlet, door_t *door);

/* Reads, forwards what is ordinary, and returns when there is something for Python, or after so many seconds (below 0:
 * never): the number of datagrams that came in, the last of which may be the first that Python has to look at, and all
 * that came after it. Those forwarded are among them, as what is known of a stream is known to Python. Returns -1 with
 * errno. *others says whether Python's own epoll has something. */
int inlet_wait(inlet_t *inlet, double timeout, int *others);

/* Does with one datagram, which is in data, what is done with each that is read. */
void inlet_take(inlet_t *inlet, arrival_t *arrival);

/* Where they are, in the order in which they came; and their data, in steps of INLET_DATAGRAM. */
arrival_t *inlet_arrivals(inlet_t *inlet);
uint8_t *inlet_data(inlet_t *inlet);
totals_t *inlet_totals(inlet_t *inlet);
