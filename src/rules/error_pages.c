/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in error pages, byte for byte those of HAProxy 3.2 (monitoring and clients look at
 * them): a status, its reason, one sentence of HTML, and whether the connection ends (400 and 408:
 * what follows cannot be read). Constant data only; no memory is taken.
 */
#include "rules/reply_internal.h"

#include <stddef.h>

/* One row a page: status, reason, sentence, closes. */
#define ERROR_PAGES(PAGE)                                                                          \
    PAGE(200, "OK", "Service ready.", false)                                                       \
    PAGE(400, "Bad request", "Your browser sent an invalid request.", true)                        \
    PAGE(401, "Unauthorized", "You need a valid user and password to access this content.", false) \
    PAGE(403, "Forbidden", "Request forbidden by administrative rules.", false)                    \
    PAGE(404, "Not Found", "The resource could not be found.", false)                              \
    PAGE(405, "Method Not Allowed",                                                                \
         "A request was made of a resource using a request method not supported by that resource", \
         false)                                                                                    \
    PAGE(407, "Unauthorized", "You need a valid user and password to access this content.", false) \
    PAGE(408, "Request Time-out", "Your browser didn't send a complete request in time.", true)    \
    PAGE(410, "Gone", "The resource is no longer available and will not be available again.",      \
         false)                                                                                    \
    PAGE(413, "Payload Too Large", "The request entity exceeds the maximum allowed.", false)       \
    PAGE(414, "URI Too Long", "The URI provided was too long for the server to process.", false)   \
    PAGE(421, "Misdirected Request", "Request sent to a non-authoritative server.", false)         \
    PAGE(422, "Unprocessable Content", "The server cannot process the contained instructions.",    \
         false)                                                                                    \
    PAGE(425, "Too Early", "Your browser sent early data.", false)                                 \
    PAGE(429, "Too Many Requests", "You have sent too many requests in a given amount of time.",   \
         false)                                                                                    \
    PAGE(431, "Request Header Fields Too Large", ">Request Header Fields Too Large.", false)       \
    PAGE(500, "Internal Server Error", "An internal server error occurred.", false)                \
    PAGE(501, "Not Implemented",                                                                   \
         ".The server does not support the functionality required to fulfill the request.", false) \
    PAGE(502, "Bad Gateway", "The server returned an invalid or incomplete response.", false)      \
    PAGE(503, "Service Unavailable", "No server is available to handle this request.", false)      \
    PAGE(504, "Gateway Time-out", "The server didn't respond in time.", false)

#define PAGE_REPLY(code, text, sentence, close)                                                   \
    {                                                                                             \
        .kind = REPLY_BUILT_IN,                                                                   \
        .status = (code),                                                                         \
        .version = HTTP_VERSION_1_1,                                                              \
        .closes = (close),                                                                        \
        .reason = SLICE(text),                                                                    \
        .body = SLICE("<html><body><h1>" #code " " text "</h1>\n" sentence "\n</body></html>\n"), \
    },

static const struct reply error_pages[] = {ERROR_PAGES(PAGE_REPLY)};

enum { ERROR_PAGES_COUNT = sizeof(error_pages) / sizeof(error_pages[0]) };

const struct reply *error_page_find(uint16_t status)
{
    for (size_t i = 0; i < ERROR_PAGES_COUNT; i++) {
        if (error_pages[i].status == status) {
            return &error_pages[i];
        }
    }
    return NULL;
}

bool error_status_is_known(uint16_t status)
{
    return error_page_find(status) != NULL;
}
