/** Every limit of the gateway's cold parts, with why it has that value. Those of money and records are the engine's. */

/** Bytes of a request body on cold routes: 1000 account names of 64 bytes fit twice. */
export const COLD_BODY_BYTES_MAX = 256 << 10;

/** Accounts in one lookup: one message to the group and back, far below a frame's time. */
export const LOOKUP_ACCOUNTS_MAX = 1000;

/** Results on one page; the same slice size as in the results topic, some 400 KB of JSON. */
export const RESULTS_PAGE_MAX = 1000;

/** Entries on one page: as many as results, which are larger. */
export const ENTRIES_PAGE_MAX = 1000;

/** Entries on a page unless asked otherwise: a screenful. */
export const ENTRIES_PAGE_DEFAULT = 50;

/** Characters of a cursor: two numbers of 15 digits in base64 are 42. */
export const CURSOR_CHARACTERS_MAX = 64;

/** Seconds that a long poll, or `Prefer: wait` on commands, may ask for: below the idle time of common proxies. */
export const WAIT_SECONDS_MAX = 30;

/** Milliseconds between heartbeats of an idle event stream: half of the idle time of common proxies. */
export const HEARTBEAT_MS = 15_000;

/** Open event streams and long polls of one partner: each holds a socket and a timer, so their number is bounded. */
export const STREAMS_PER_PARTNER_MAX = 64;

/** Milliseconds in which a stream's reader must take a page: one that stands still this long frees its socket. */
export const STALLED_READER_MS = 60_000;

/** Open connections of one listener: each may hold 8 KiB of headers; ten thousand and some must be possible. */
export const CONNECTIONS_MAX = 16_384;

/** Live keys of a partner, live versions of a service, live admin keys: two, so that one can follow the other. */
export const LIVE_KEYS_MAX = 2;

/** Groups of one process: each is a thread with rings of 48 MiB. */
export const GROUPS_MAX = 64;

/** Index of the first registered currency: above every three-digit ISO 4217 number. */
export const REGISTERED_CURRENCY_FIRST = 1000;

/** Index of the last registered currency: a record holds a u16. */
export const REGISTERED_CURRENCY_LAST = 0xffff;

/** Milliseconds in which a request's headers must have come: a client that drips bytes frees its socket. */
export const HEADERS_TIMEOUT_MS = 10_000;

/** Milliseconds in which a whole request must have come: 4 MiB within it is 1.1 Mbit/s. Above HEADERS_TIMEOUT_MS. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Milliseconds that an idle kept-alive socket stays open: above the 60 s of common proxies, so that they close first. */
export const KEEP_ALIVE_MS = 72_000;

/** Bytes of a request's headers: a bearer key, a request id and a proxy's additions take well below 2 KiB. */
export const HEADER_BYTES_MAX = 8 << 10;

/** Requests under way at most, of one process: as many as connections, for each has one unless a client pipelines. */
export const IN_FLIGHT_DEFAULT = 16_384;

/** Bytes of bodies that are being collected piece by piece at a time: 64 of the largest; a body in one piece is not counted. */
export const BODIES_BYTES_MAX = 256 << 20;

/** Seconds that a signature's time may lie before or behind our clock: clocks drift, and a request may wait on its way. */
export const SIGNATURE_TOLERANCE_S = 300;

/** Addresses in each of two generations of counters: some 10 MB in all. */
export const ADDRESSES_MAX = 65_536;

/** Milliseconds that nothing may move on a connection with a request under way: above the longest wait, 30 s. */
export const STALLED_CONNECTION_MS = 60_000;

/** Milliseconds that a refused request may still come: a connection closed at once would often take the answer with it. */
export const LINGER_MS = 1000;
