/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket (RFC 6455): the handshake, and frames sent back as they come, whatever their size:
 * payloads are unmasked piece by piece, never gathered. A ping is answered with a pong, a close
 * with a close and the end.
 */
#include <string.h>

#include "origin.h"

#define SHA1_BYTES      20U
#define ACCEPT_TEXT_MAX 32U
#define FRAME_HEAD_MIN  2U
#define FRAME_HEAD_MAX  14U
#define LENGTH_MASK     0x7fU
#define LENGTH_16       126U
#define LENGTH_64       127U
#define OPCODE_MASK     0x0fU
#define OPCODE_CLOSE    0x8U
#define OPCODE_PING     0x9U
#define OPCODE_PONG     0xaU

void websocket_accept(struct connection *c)
{
    struct buffer text = {0};
    unsigned char digest[SHA1_BYTES];
    buffer_append_string(&text, c->request.websocket_key);
    buffer_append_string(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    gnutls_hash_fast(GNUTLS_DIG_SHA1, buffer_head(&text), buffer_used(&text), digest);
    buffer_release(&text);

    gnutls_datum_t raw = {digest, sizeof(digest)};
    gnutls_datum_t encoded = {0};
    if (gnutls_base64_encode2(&raw, &encoded) == GNUTLS_E_SUCCESS) {
        buffer_append_string(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                      "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
        buffer_append(&c->out, encoded.data, encoded.size);
        buffer_append_string(&c->out, "\r\n\r\n");
        gnutls_free(encoded.data);
    }
}

/* Reads the frame head at the start of `c->in` and appends the answer's; false when not whole. */
static bool take_frame_head(struct connection *c)
{
    const unsigned char *in = (const unsigned char *)buffer_head(&c->in);
    size_t used = buffer_used(&c->in);
    if (used < FRAME_HEAD_MIN) {
        return false;
    }
    unsigned short_length = in[1] & LENGTH_MASK;
    size_t extended = short_length == LENGTH_16 ? 2 : short_length == LENGTH_64 ? 8 : 0;
    bool masked = (in[1] & ~LENGTH_MASK) != 0;
    size_t head = FRAME_HEAD_MIN + extended + (masked ? sizeof(c->frame_mask) : 0);
    if (used < head) {
        return false;
    }
    uint64_t length = extended == 0 ? short_length : 0;
    for (size_t i = 0; i < extended; i++) {
        length = length << 8 | in[FRAME_HEAD_MIN + i];
    }
    memset(c->frame_mask, 0, sizeof(c->frame_mask));
    if (masked) {
        memcpy(c->frame_mask, in + head - sizeof(c->frame_mask), sizeof(c->frame_mask));
    }
    unsigned char out[FRAME_HEAD_MAX];
    memcpy(out, in, FRAME_HEAD_MIN + extended);
    out[1] &= LENGTH_MASK;
    if ((in[0] & OPCODE_MASK) == OPCODE_PING) {
        out[0] = (unsigned char)((in[0] & ~OPCODE_MASK) | OPCODE_PONG);
    }
    buffer_append(&c->out, out, FRAME_HEAD_MIN + extended);
    c->frame_closes = (in[0] & OPCODE_MASK) == OPCODE_CLOSE;
    c->frame_left = length;
    c->frame_at = 0;
    buffer_consume(&c->in, head);
    return true;
}

static void take_payload(struct connection *c)
{
    size_t used = buffer_used(&c->in);
    size_t length = c->frame_left < used ? (size_t)c->frame_left : used;
    char *out = buffer_reserve(&c->out, length);
    const char *in = buffer_head(&c->in);
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)(in[i] ^ (char)c->frame_mask[(c->frame_at + i) % sizeof(c->frame_mask)]);
    }
    c->out.end += length;
    c->frame_at += length;
    c->frame_left -= length;
    buffer_consume(&c->in, length);
}

bool websocket_echo(struct connection *c)
{
    while (buffer_used(&c->in) > 0 || c->frame_closes) {
        if (c->frame_left > 0) {
            if (buffer_used(&c->in) == 0) {
                break;
            }
            take_payload(c);
        } else if (c->frame_closes) {
            return false;
        } else if (!take_frame_head(c)) {
            break;
        }
    }
    return true;
}
