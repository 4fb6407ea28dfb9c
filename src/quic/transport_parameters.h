/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport parameters (RFC 9000 18; RFC 9368 version_information; RFC 9287 grease_quic_bit; RFC
 * 9221 max_datagram_frame_size): the client's parsed and checked, the server's written.
 */
#ifndef WEIR_QUIC_TRANSPORT_PARAMETERS_H
#define WEIR_QUIC_TRANSPORT_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "quic/types.h"

enum { QUIC_OTHER_VERSIONS_MAX = 8 };

struct quic_transport_parameters {
    uint64_t max_idle_timeout_ms; /* 0: none */
    uint64_t max_udp_payload_size;
    uint64_t initial_max_data;
    uint64_t initial_max_stream_data_bidi_local; /* streams that the sender of this opens */
    uint64_t initial_max_stream_data_bidi_remote;
    uint64_t initial_max_stream_data_uni;
    uint64_t initial_max_streams_bidi;
    uint64_t initial_max_streams_uni;
    uint64_t ack_delay_exponent;
    uint64_t max_ack_delay_ms;
    uint64_t active_connection_id_limit;
    uint64_t max_datagram_frame_size;
    bool disable_active_migration;
    bool grease_quic_bit;
    bool has_initial_source_cid;
    struct quic_cid initial_source_cid;
    /* version_information; chosen 0: not sent. Versions beyond the room are not kept. */
    uint32_t chosen_version;
    uint32_t available_versions[QUIC_OTHER_VERSIONS_MAX];
    uint8_t available_versions_count;
    /* a server's only */
    bool has_retry_source_cid;
    struct quic_cid original_destination_cid, retry_source_cid;
    bool has_reset_token;
    uint8_t reset_token[QUIC_RESET_TOKEN_BYTES];
};

/* Sets the defaults that hold for absent parameters. */
void quic_transport_parameters_init(struct quic_transport_parameters *parameters);

/*
 * Parses a client's extension. RESULT_OK, or RESULT_INVALID: TRANSPORT_PARAMETER_ERROR (bad
 * encodings, duplicates, values out of bounds, those only servers may send). Unknown ones are
 * skipped.
 */
MUST_USE enum result quic_transport_parameters_parse(struct slice bytes,
                                                     struct quic_transport_parameters *out);

/* Writes a server's extension with one reserved (GREASE) parameter made of `random`. Returns its
 * length, 0 when it does not fit. Values equal to the default are left out. */
size_t quic_transport_parameters_write(uint8_t *out, size_t room,
                                       const struct quic_transport_parameters *parameters,
                                       uint64_t random);

#endif
