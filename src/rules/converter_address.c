/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters of addresses and of texts that hold one. Nothing is allocated: a part of the text or
 * the address itself is what is left.
 */
#include "base/number.h"
#include "rules/converter.h"

static enum result convert_host_part(const struct sample_call *call, struct rule_context *context,
                                     struct sample *sample)
{
    struct slice text = sample->text;
    size_t bracket = text.length > 0 && text.data[0] == '[' ? slice_find_char(text, ']') : 0;
    struct slice behind = slice_skip(text, bracket);
    size_t colon = bracket + slice_find_char(behind, ':');
    uint64_t port = 0;
    (void)context;
    if (call->variant == 0) {
        return sample_give_text(sample, slice_first(text, colon));
    }
    if (number_parse_decimal(slice_skip(text, colon + 1), &port) != RESULT_OK) {
        port = 0;
    }
    return sample_give_integer(sample, (int64_t)port);
}

static void mask_ipv6(struct in6_addr *address, const struct in6_addr *mask)
{
    for (size_t i = 0; i < sizeof(address->s6_addr); i++) {
        address->s6_addr[i] &= mask->s6_addr[i];
    }
}

/* ipmask(<mask4>[,<mask6>]): an IPv6 address needs its own mask. */
static enum result convert_mask(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    const struct sample_argument *items = call->arguments->items;
    (void)context;
    if (sample->type == SAMPLE_IPV4) {
        sample->ipv4.s_addr &= items[0].ipv4.s_addr;
        return RESULT_OK;
    }
    if (sample->type == SAMPLE_IPV6 && sample_argument_is_given(call->arguments, 1)) {
        mask_ipv6(&sample->ipv6, &items[1].ipv6);
        return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}

const struct sample_converter converters_address[] = {
    {"host_only", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_STRING, convert_host_part, NULL, 0},
    {"port_only", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_INTEGER, convert_host_part, NULL, 1},
    {"ipmask",
     {1, {ARGUMENT_MASK4, ARGUMENT_MASK6}},
     SAMPLE_ADDRESS,
     SAMPLE_ADDRESS,
     convert_mask,
     NULL,
     0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
