/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters to hashes and digests: those of balancing (the same functions, so that a rule can say
 * what a server was chosen by), xxHash, and nettle's digests. CRC32C is a table of nibbles: small,
 * and its inputs are short. A digest is a new text in the scratch arena.
 */
#include <nettle/nettle-meta.h>
#include <string.h>
#include <xxhash.h>

#include "balance/hash.h"
#include "rules/converter.h"
#include "rules/parser.h"

/* ---- numbers ---- */

/* CRC-32C (Castagnoli, RFC 3720 B.4), reflected. */
static uint32_t hash_crc32c(struct slice bytes)
{
    enum { NIBBLE = 4, NIBBLE_MASK = 15 };
    static const uint32_t TABLE[] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.length; i++) {
        crc ^= (unsigned char)bytes.data[i];
        crc = crc >> NIBBLE ^ TABLE[crc & NIBBLE_MASK];
        crc = crc >> NIBBLE ^ TABLE[crc & NIBBLE_MASK];
    }
    return ~crc;
}

static enum result convert_hash(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    static uint32_t (*const FUNCTIONS[])(struct slice bytes) = {hash_crc32, hash_sdbm, hash_djb2,
                                                                hash_wt6, hash_crc32c};
    uint32_t hash = FUNCTIONS[call->variant](sample->text);
    (void)context;
    bool mixes = sample_argument_integer(call->arguments, 0, 0) != 0;
    return sample_give_integer(sample, mixes ? hash_avalanche(hash) : hash);
}

enum xxhash { XXHASH_32, XXHASH_64, XXHASH_3 };

static enum result convert_xxhash(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    struct slice in = sample->text;
    uint64_t seed = (uint64_t)sample_argument_integer(call->arguments, 0, 0);
    uint64_t hash = 0;
    (void)context;
    switch ((enum xxhash)call->variant) {
    case XXHASH_32:
        hash = XXH32(in.data, in.length, (uint32_t)seed);
        break;
    case XXHASH_64:
        hash = XXH64(in.data, in.length, seed);
        break;
    case XXHASH_3:
        hash = XXH3_64bits_withSeed(in.data, in.length, seed);
        break;
    }
    return sample_give_integer(sample, (int64_t)hash);
}

/* ---- digests ---- */

enum { CONTEXT_BYTES_MAX = 1024 }; /* the largest of nettle's is well below */

static enum result give_digest(const struct nettle_hash *hash, struct rule_context *context,
                               struct sample *sample)
{
    _Alignas(max_align_t) char state[CONTEXT_BYTES_MAX];
    char *out = arena_take_text(context->scratch, hash->digest_size);
    if (out == NULL) {
        return RESULT_NO_MEMORY;
    }
    hash->init(state);
    hash->update(state, sample->text.length, (const uint8_t *)sample->text.data);
    hash->digest(state, hash->digest_size, (uint8_t *)out);
    return sample_give_binary(sample, slice_of(out, hash->digest_size));
}

static enum result convert_sha1(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    (void)call;
    return give_digest(&nettle_sha1, context, sample);
}

static const struct nettle_hash *sha2_of(int64_t bits)
{
    enum { SHA_224 = 224, SHA_256 = 256, SHA_384 = 384, SHA_512 = 512 };
    switch (bits) {
    case SHA_224:
        return &nettle_sha224;
    case SHA_256:
        return &nettle_sha256;
    case SHA_384:
        return &nettle_sha384;
    case SHA_512:
        return &nettle_sha512;
    default:
        return NULL;
    }
}

enum { SHA2_BITS_DEFAULT = 256 };

static enum result check_sha2(struct rule_parser *parser, struct sample_arguments *arguments,
                              unsigned variant)
{
    (void)variant;
    int64_t bits = sample_argument_integer(arguments, 0, SHA2_BITS_DEFAULT);
    return sha2_of(bits) != NULL
               ? RESULT_OK
               : parser_fail(parser, "Unsupported number of bits: '%lld'", (long long)bits);
}

static enum result convert_sha2(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    int64_t bits = sample_argument_integer(call->arguments, 0, SHA2_BITS_DEFAULT);
    return give_digest(sha2_of(bits), context, sample);
}

/* By OpenSSL's names, in any case: sha256, SHA1, sha512… */
static const struct nettle_hash *digest_of(struct slice name)
{
    for (unsigned i = 0; nettle_hashes[i] != NULL; i++) {
        const struct nettle_hash *hash = nettle_hashes[i];
        if (slice_equal_nocase(name, slice_from_string(hash->name)) &&
            hash->context_size <= CONTEXT_BYTES_MAX) {
            return hash;
        }
    }
    return NULL;
}

static enum result check_digest(struct rule_parser *parser, struct sample_arguments *arguments,
                                unsigned variant)
{
    struct slice name = sample_argument_text(arguments, 0);
    (void)variant;
    return digest_of(name) != NULL
               ? RESULT_OK
               : parser_fail(parser, "failed to use digest '%.*s' : algorithm is unknown",
                             (int)name.length, name.data);
}

static enum result convert_digest(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    return give_digest(digest_of(sample_argument_text(call->arguments, 0)), context, sample);
}

#define HASH(name, index)                                                                       \
    {                                                                                           \
        name, {0, {ARGUMENT_INTEGER}}, SAMPLE_BINARY, SAMPLE_INTEGER, convert_hash, NULL, index \
    }
#define XXHASH(name, index)                                                                       \
    {                                                                                             \
        name, {0, {ARGUMENT_INTEGER}}, SAMPLE_BINARY, SAMPLE_INTEGER, convert_xxhash, NULL, index \
    }

const struct sample_converter converters_hash[] = {
    HASH("crc32", 0),
    HASH("sdbm", 1),
    HASH("djb2", 2),
    HASH("wt6", 3),
    HASH("crc32c", 4),
    XXHASH("xxh32", XXHASH_32),
    XXHASH("xxh64", XXHASH_64),
    XXHASH("xxh3", XXHASH_3),
    {"sha1", NO_ARGUMENTS, SAMPLE_BINARY, SAMPLE_BINARY, convert_sha1, NULL, 0},
    {"sha2", {0, {ARGUMENT_INTEGER}}, SAMPLE_BINARY, SAMPLE_BINARY, convert_sha2, check_sha2, 0},
    {"digest",
     {1, {ARGUMENT_STRING}},
     SAMPLE_BINARY,
     SAMPLE_BINARY,
     convert_digest,
     check_digest,
     0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
