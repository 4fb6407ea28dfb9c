/* SPDX-License-Identifier: Apache-2.0 */
/* Field sections: RFC 9204 B.1, what is written is read back, and references to a table that is not
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/qpack.h"
#include "support/hex.h"

static char room[1024];

static enum result read_first(const char *hex, struct slice *name, struct slice *value)
{
    uint8_t bytes[128];
    struct qpack_reader reader;
    size_t length = test_hex(hex, bytes, sizeof(bytes));
    enum result result =
        qpack_read_begin(&reader, slice_of((char *)bytes, length), room, sizeof(room));
    return result == RESULT_OK ? qpack_read_field(&reader, name, value) : result;
}

static void test_literal_with_name_reference(void **state)
{
    (void)state;
    struct slice name, value; /* RFC 9204 B.1 */
    assert_int_equal(read_first("0000510b2f696e6465782e68746d6c", &name, &value), RESULT_OK);
    assert_true(slice_equal(name, SLICE(":path")));
    assert_true(slice_equal(value, SLICE("/index.html")));
}

static void test_written_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } fields[] = {
        {"content-type", "text/plain"},
        {"content-length", "12345"},
        {"x-odd", "~!@#%^&*()_{}"},
        {"cache-control", "no-cache"},
        {"set-cookie", "a=b; path=/"},
        {"server", ""},
        {"date", "Mon, 21 Oct 2013 20:13:21 GMT"},
    };
    char section[512];
    struct qpack_writer writer;
    struct qpack_reader reader;
    struct slice name, value;
    static const unsigned statuses[] = {200, 404, 418};
    for (unsigned s = 0; s < 3; s++) {
        qpack_write_begin(&writer, section, sizeof(section));
        qpack_write_status(&writer, statuses[s]);
        for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            qpack_write_field(&writer, slice_from_string(fields[i].name),
                              slice_from_string(fields[i].value));
        }
        assert_non_null(writer.at);
        struct slice whole = slice_of(section, (size_t)(writer.at - section));
        assert_int_equal(qpack_read_begin(&reader, whole, room, sizeof(room)), RESULT_OK);
        assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_OK);
        assert_true(slice_equal(name, SLICE(":status")));
        assert_int_equal(value.data[0] - '0', statuses[s] / 100);
        for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_OK);
            assert_true(slice_equal(name, slice_from_string(fields[i].name)));
            assert_true(slice_equal(value, slice_from_string(fields[i].value)));
        }
        assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_END);
        for (size_t cut = 0; cut < 20; cut++) { /* no cut can be read past its end */
            if (qpack_read_begin(&reader, slice_first(whole, cut), room, sizeof(room)) ==
                RESULT_OK) {
                while (qpack_read_field(&reader, &name, &value) == RESULT_OK) {
                }
            }
        }
    }
}

static void test_names_become_lower_case(void **state)
{
    (void)state;
    char section[64];
    struct qpack_writer writer;
    struct qpack_reader reader;
    struct slice name, value;
    qpack_write_begin(&writer, section, sizeof(section));
    qpack_write_field(&writer, SLICE("X-Name"), SLICE("V"));
    struct slice whole = slice_of(section, (size_t)(writer.at - section));
    assert_int_equal(qpack_read_begin(&reader, whole, room, sizeof(room)), RESULT_OK);
    assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_OK);
    assert_true(slice_equal(name, SLICE("x-name")));
}

static void test_refused(void **state)
{
    (void)state;
    struct slice name, value;
    assert_int_equal(read_first("0200c0", &name, &value), RESULT_INVALID);   /* inserts needed */
    assert_int_equal(read_first("000080", &name, &value), RESULT_INVALID);   /* dynamic index */
    assert_int_equal(read_first("000010", &name, &value), RESULT_INVALID);   /* post-base */
    assert_int_equal(read_first("0000ff24", &name, &value), RESULT_INVALID); /* index 99 */
    assert_int_equal(read_first("00005105", &name, &value), RESULT_INVALID); /* cut value */
    assert_int_equal(read_first("0000ffffffffffffffffffff", &name, &value), RESULT_INVALID);
    assert_int_equal(read_first("00", &name, &value), RESULT_INVALID);
}

static void test_without_room(void **state)
{
    (void)state;
    uint8_t bytes[32];
    struct qpack_reader reader;
    struct slice name, value;
    size_t length = test_hex("0000510b2f696e6465782e68746d6c", bytes, sizeof(bytes));
    assert_int_equal(qpack_read_begin(&reader, slice_of((char *)bytes, length), room, 10),
                     RESULT_OK);
    assert_int_equal(qpack_read_field(&reader, &name, &value), RESULT_FULL);
    struct qpack_writer writer;
    qpack_write_begin(&writer, room, 12);
    qpack_write_field(&writer, SLICE("name"), SLICE("value"));
    assert_null(writer.at);
    qpack_write_status(&writer, 200);
    assert_null(writer.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literal_with_name_reference),
        cmocka_unit_test(test_written_is_read),
        cmocka_unit_test(test_names_become_lower_case),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
