/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzing of the ClientHello reader: nothing is read past the end, values lie inside the message,
 * and a message that is complete stays so when more bytes follow.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice body, struct slice value)
{
    if (value.length > 0 &&
        (value.data < body.data || value.data + value.length > body.data + body.length)) {
        abort();
    }
}

static void check_parts(struct slice body)
{
    static const enum tls_extension TYPES[] = {TLS_EXTENSION_SUPPORTED_GROUPS,
                                               TLS_EXTENSION_SIGNATURE_ALGORITHMS,
                                               TLS_EXTENSION_KEY_SHARE};
    struct slice value;
    if (client_hello_suites(body, &value)) {
        check_inside(body, value);
    }
    if (client_hello_server_name(body, &value)) {
        check_inside(body, value);
    }
    if (client_hello_first_protocol(body, &value)) {
        check_inside(body, value);
    }
    if (client_hello_extension(body, TLS_EXTENSION_SESSION_TICKET, &value)) {
        check_inside(body, value);
    }
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (client_hello_list(body, TYPES[i], &value)) {
            struct slice group;
            check_inside(body, value);
            while (client_hello_next_share(&value, &group)) {
                check_inside(body, group);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint16_t version = 0;
    struct tls_message message;
    char *bytes = malloc(size + 1);
    if (bytes == NULL) {
        return 0;
    }
    memcpy(bytes, data, size);
    bytes[size] = 'x';
    (void)!tls_version_read(slice_of(bytes, size), &version);
    enum result result = tls_message_read(bytes, size, &message);
    if (result == RESULT_OK) {
        check_parts(message.body);
        size_t length = message.body.length;
        memcpy(bytes, data, size);
        if (tls_message_read(bytes, size + 1, &message) != RESULT_OK ||
            message.body.length != length) {
            abort();
        }
    }
    free(bytes);
    return 0;
}
