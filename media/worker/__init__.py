"""The media worker: a process of its own that forwards RTP packets between the browsers of a room (an SFU).

It runs on asyncio and aiortc's DTLS-SRTP, and speaks to the bridge with the words of ``media.messages``. Nouns, from
the outside in: a `Worker` holds `Router`s (a room each), a router `Participant`s, and a participant two legs, each on
one `Transport` (ICE + DTLS-SRTP). A `Producer` is a track coming in, a `Consumer` a track going out.
"""
