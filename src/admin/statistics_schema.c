/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `show info json` and `show stat json` look like, as a JSON schema (draft 4) with HAProxy's
 * names and places: for `show schema json` and the page's ";json-schema". It is put together from
 * rows, one line with no space in it. Constant.
 */
#include "admin/statistics_schema.h"

#define REFERENCE(name) "\"" name "\":{\"$ref\":\"#/definitions/" name "\"}"

static const char ITEMS[] =
    "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"oneOf\":["
    "{\"title\":\"Info\",\"type\":\"array\",\"items\":{\"title\":\"InfoItem\",\"type\":\"object\","
    "\"properties\":{" REFERENCE("field") "," REFERENCE("processNum") "," REFERENCE(
        "tags") ",\"value\":{\"$ref\":\"#/definitions/typedValue\"}},"
                "\"required\":[\"field\",\"processNum\",\"tags\",\"value\"]}},"
                "{\"title\":\"Stat\",\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
                "{\"title\":\"StatItem\",\"type\":\"object\",\"properties\":{"
                "\"objType\":{\"enum\":[\"Frontend\",\"Backend\",\"Listener\",\"Server\","
                "\"Unknown\"]},"
                "\"proxyId\":{\"type\":\"integer\",\"minimum\":0},\"id\":{\"type\":\"integer\","
                "\"minimum\":0}," REFERENCE("field") "," REFERENCE("processNum") "," REFERENCE(
                    "tags") ",\"value\":{\"$ref\":\"#/definitions/typedValue\"}},"
                            "\"required\":[\"objType\",\"proxyId\",\"id\",\"field\",\"processNum\","
                            "\"tags\",\"value\"]}}},"
                            "{\"title\":\"Error\",\"type\":\"object\",\"properties\":{\"errorStr\":"
                            "{\"type\":\"string\"}},"
                            "\"required\":[\"errorStr\"]}],";

static const char DEFINITIONS[] =
    "\"definitions\":{\"field\":{\"type\":\"object\",\"properties\":{"
    "\"pos\":{\"type\":\"integer\",\"minimum\":0},\"name\":{\"type\":\"string\"}},"
    "\"required\":[\"pos\",\"name\"]},"
    "\"processNum\":{\"type\":\"integer\",\"minimum\":1},"
    "\"tags\":{\"type\":\"object\",\"properties\":{\"origin\":{\"type\":\"string\",\"enum\":"
    "[\"Metric\",\"Status\",\"Key\",\"Config\",\"Product\",\"Unknown\"]},"
    "\"nature\":{\"type\":\"string\",\"enum\":[\"Gauge\",\"Limit\",\"Min\",\"Max\",\"Rate\","
    "\"Counter\",\"Duration\",\"Age\",\"Time\",\"Name\",\"Output\",\"Avg\",\"Unknown\"]},"
    "\"scope\":{\"type\":\"string\",\"enum\":[\"Cluster\",\"Process\",\"Service\",\"System\","
    "\"Unknown\"]}},\"required\":[\"origin\",\"nature\",\"scope\"]},"
    "\"typedValue\":{\"type\":\"object\",\"oneOf\":[";

/* The types of values, and what JSON can hold of them. */
static const struct {
    const char *name;
    const char *value;
} TYPES[] = {
    {"s32", "{\"type\":\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647}"},
    {"s64", "{\"type\":\"integer\",\"minimum\":-9007199254740991,\"maximum\":9007199254740991}"},
    {"u32", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"},
    {"u64", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991}"},
    {"str", "{\"type\":\"string\"}"},
};

enum { TYPES_COUNT = sizeof(TYPES) / sizeof(TYPES[0]) };

void statistics_write_schema(struct text *out)
{
    text_append_string(out, ITEMS);
    text_append_string(out, DEFINITIONS);
    for (unsigned i = 0; i < TYPES_COUNT; i++) {
        text_append_format(out, "%s{\"$ref\":\"#/definitions/typedValue/definitions/%sValue\"}",
                           i > 0 ? "," : "", TYPES[i].name);
    }
    text_append_string(out, "],\"definitions\":{");
    for (unsigned i = 0; i < TYPES_COUNT; i++) {
        text_append_format(out,
                           "%s\"%sValue\":{\"properties\":{\"type\":{\"type\":\"string\","
                           "\"enum\":[\"%s\"]},\"value\":%s},\"required\":[\"type\",\"value\"]}",
                           i > 0 ? "," : "", TYPES[i].name, TYPES[i].name, TYPES[i].value);
    }
    text_append_string(out, "}}}}\n");
}
