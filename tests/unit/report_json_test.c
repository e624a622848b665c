// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "report/report.h"
#include "unit/report_fixture.h"

#define SCHEMA "docs/summary.schema.json"

static char *write_json(const struct result *r)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(report_find("json")->write(r, out, &e), 0);
	fclose(out);
	return text;
}

/* Writes, parses, frees the fixture. */
static json_t *json_of(struct fixture *f)
{
	_cleanup_free_ char *text = write_json(&f->r);
	json_error_t je;
	json_t *j = json_loads(text, 0, &je);

	if (!j)
		fail_msg("%s at %d: %s", je.text, je.line, text);
	free(f);
	return j;
}

/* The value at a path like "maps.list.0.type". */
static json_t *at(json_t *j, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *k = strtok_r(copy, ".", &save); k; k = strtok_r(NULL, ".", &save))
		j = json_is_array(j) ? json_array_get(j, (size_t)atoi(k)) : json_object_get(j, k);
	if (!j)
		fail_msg("%s is not there", path);
	return j;
}

static void expect_int(json_t *j, const char *path, json_int_t v)
{
	assert_true(json_is_integer(at(j, path)));
	assert_int_equal(json_integer_value(at(j, path)), v);
}

static void expect_str(json_t *j, const char *path, const char *v)
{
	assert_true(json_is_string(at(j, path)));
	assert_string_equal(json_string_value(at(j, path)), v);
}

static void expect_null(json_t *j, const char *path)
{
	assert_true(json_is_null(at(j, path)));
}

/*
 * A small part of JSON Schema, as much as the schema uses: $ref, anyOf, type, properties (all of
 * them required, no others allowed), items, const and enum.
 */
static json_t *schema_top;

static const char *type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_NULL:
		return "null";
	default:
		return "boolean";
	}
}

static bool contains(json_t *list, const char *s)
{
	json_t *v;
	size_t i;

	if (json_is_string(list))
		return !strcmp(json_string_value(list), s);
	json_array_foreach(list, i, v) if (json_is_string(v) &&
					   !strcmp(json_string_value(v), s)) return true;
	return false;
}

static bool fits(json_t *schema, json_t *v);

static bool fits_object(json_t *schema, json_t *v)
{
	json_t *props = json_object_get(schema, "properties"), *member;
	json_t *required = json_object_get(schema, "required");
	const char *key;

	if (!json_is_false(json_object_get(schema, "additionalProperties")) ||
	    json_array_size(required) != json_object_size(props) ||
	    json_object_size(props) != json_object_size(v))
		return false;
	json_object_foreach(v, key, member)
	{
		json_t *s = json_object_get(props, key);

		if (!s || !contains(required, key) || !fits(s, member))
			return false;
	}
	return true;
}

static bool fits(json_t *schema, json_t *v)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	json_t *any = json_object_get(schema, "anyOf"), *s, *type, *item;
	size_t i;

	if (ref) {
		assert_int_equal(strncmp(ref, "#/$defs/", 8), 0);
		s = json_object_get(json_object_get(schema_top, "$defs"), ref + 8);
		assert_non_null(s);
		return fits(s, v);
	}
	json_array_foreach(any, i, s) if (fits(s, v)) return true;
	if (any)
		return false;
	if (json_object_get(schema, "const"))
		return json_equal(json_object_get(schema, "const"), v);
	if (json_object_get(schema, "enum"))
		return contains(json_object_get(schema, "enum"), json_string_value(v));
	type = json_object_get(schema, "type");
	assert_non_null(type);
	if (!contains(type, type_name(v)))
		return false;
	json_array_foreach(v, i,
			   item) if (!fits(json_object_get(schema, "items"), item)) return false;
	return !json_is_object(v) || fits_object(schema, v);
}

static void rich_values(void **state)
{
	json_t *j = json_of(fixture_rich());

	(void)state;
	expect_str(j, "schema", "mapprobe.summary/1");
	expect_int(j, "duration_ns", 10000000000);
	expect_str(j, "target.map_kind", "swiss");
	expect_str(j, "target.exe", "/srv/shop/bin/shop");
	expect_null(j, "crash");
	expect_int(j, "maps.assigns.hits", 813546);
	assert_true(json_is_true(at(j, "maps.assigns.exact")));
	expect_null(j, "maps.assigns.estimated");
	expect_int(j, "maps.grows.hits", 6);
	expect_str(j, "maps.list.0.addr", "0xc000012340");
	expect_int(j, "maps.list.0.goroutines", 8);
	expect_str(j, "maps.list.0.sites.0.stack.0.func", "example.com/shop/store.(*Store).set");
	assert_true(json_is_true(at(j, "maps.list.0.sites.0.stack.0.inlined")));
	assert_true(json_is_false(at(j, "maps.list.0.sites.0.stack.1.inlined")));
	expect_str(j, "maps.list.0.sites.0.stack.1.pc", "0x4a1010");
	/* goexit, the last location of the stack, is left out. */
	assert_int_equal(json_array_size(at(j, "maps.list.0.sites.0.stack")), 6);
	expect_null(j, "maps.list.0.sites.1.stack");
	expect_null(j, "maps.list.1.type");
	expect_null(j, "maps.list.1.length");
	expect_null(j, "maps.list.0.read");
	expect_int(j, "gc.cycles.0.workers", 8);
	expect_int(j, "gc.cycles.0.assist_ns", 1200000);
	assert_int_equal(json_array_size(at(j, "gc.cycles")), 12);
	assert_int_equal(json_array_size(at(j, "gc.stw")), 26);
	expect_null(j, "gc.cycles.11.end_ns");
	expect_int(j, "gc.cycles.0.gctrace.number", 7);
	expect_int(j, "gc.cycles.0.gctrace.goal_bytes", 4 << 20);
	expect_null(j, "gc.cycles.0.gctrace.stacks_bytes");
	expect_null(j, "gc.cycles.1.gctrace");
	expect_int(j, "gc.assist_ns", 14400000);
	expect_int(j, "locks.waits", 8123);
	expect_int(j, "locks.wait_ns", 56000181000);
	expect_null(j, "locks.list.1.addr");
	expect_str(j, "locks.histograms.1.kind", "rwmutex (reader)");
	expect_int(j, "locks.histograms.1.histogram.count", 122);
	expect_null(j, "heap.inuse_bytes");
	expect_int(j, "overhead.ns_per_hit.single_step", 12300);
	assert_true(json_real_value(at(j, "overhead.measured")) == 0.0031);
	assert_true(json_real_value(at(j, "overhead.budget")) == 0.01);
	expect_str(j, "unavailable.0.what", "map.evacuate");
	expect_str(j, "unavailable.3.what", "heap");
	json_decref(j);
}

/* Stacks of long lists stand once at the top level, whoever refers to them. */
static void stack_indices(void **state)
{
	json_t *j = json_of(fixture_rich()), *s, *list;
	size_t i;

	(void)state;
	list = at(j, "stacks");
	json_array_foreach(at(j, "gc.stw"), i, s)
	{
		json_t *frames = json_array_get(
			list, (size_t)json_integer_value(json_object_get(s, "stack_index")));
		json_t *top = json_object_get(json_array_get(frames, 0), "func");

		assert_string_equal(json_string_value(top),
				    i == 20 ? "runtime.ReadMemStats" : "runtime.mallocgc");
	}
	assert_int_equal(json_array_size(list), 3);
	json_decref(j);
}

static void estimates(void **state)
{
	json_t *j = json_of(fixture_estimated());

	(void)state;
	assert_true(json_is_false(at(j, "maps.assigns.exact")));
	expect_int(j, "maps.assigns.hits", 5061);
	expect_int(j, "maps.assigns.estimated.value", 1234387);
	expect_int(j, "maps.assigns.estimated.lo", 1101234);
	expect_int(j, "maps.assigns.estimated.hi", 1312346);
	expect_int(j, "maps.deletes.estimated.value", 9000);
	expect_null(j, "maps.deletes.estimated.hi");
	assert_true(json_is_true(at(j, "maps.deletes.estimated.lower_bound")));
	assert_true(json_is_false(at(j, "maps.clears.known")));
	assert_true(json_is_false(at(j, "maps.clears.exact")));
	expect_int(j, "maps.list.0.sites.0.hits.assigns", 3000);
	expect_int(j, "maps.list.0.sites.0.count.assigns", 731701);
	expect_int(j, "loss.events", 12);
	expect_int(j, "loss.stacks", 3);
	expect_int(j, "loss.unmatched", 4);
	json_decref(j);
}

/* How the map was as read from its memory. */
static void read_history(void **state)
{
	struct fixture *f = fixture_rich();
	json_t *j, *schema;

	(void)state;
	f->maps[0].readings = 9;
	f->maps[0].changes = 7;
	f->maps[0].first_length = 3;
	f->maps[0].first_capacity = 8;
	f->maps[0].grown = 4;
	j = json_of(f);
	expect_int(j, "maps.list.0.read.changes", 7);
	expect_int(j, "maps.list.0.read.first_length", 3);
	expect_int(j, "maps.list.0.read.first_capacity", 8);
	expect_int(j, "maps.list.0.read.grown", 4);
	expect_null(j, "maps.list.1.read");
	schema = json_load_file(SCHEMA, 0, NULL);
	schema_top = schema;
	assert_true(fits(schema, j));
	json_decref(schema);
	json_decref(j);
}

/* Programs get all: the wrappers that the compiler made, type arguments. */
static void stacks_are_complete(void **state)
{
	struct fixture *f = fixture_rich();
	json_t *j;

	(void)state;
	f->lines[2].file = "<autogenerated>";
	f->lines[0].func = "main.(*Cache[go.shape.string]).Put";
	j = json_of(f);
	expect_str(j, "maps.list.0.sites.0.stack.0.func", "main.(*Cache[go.shape.string]).Put");
	expect_str(j, "maps.list.0.sites.0.stack.2.file", "<autogenerated>");
	assert_int_equal(json_array_size(at(j, "maps.list.0.sites.0.stack")), 6);
	json_decref(j);
}

/* What was seen in windows only is not the cycle's. */
static void unknown_parts_of_a_cycle(void **state)
{
	struct fixture *f = fixture_rich();
	json_t *j;

	(void)state;
	f->cycles[0].workers_known = f->cycles[0].assists_known = false;
	j = json_of(f);
	expect_null(j, "gc.cycles.0.worker_ns");
	expect_null(j, "gc.cycles.0.worker_idle_ns");
	expect_null(j, "gc.cycles.0.workers");
	expect_null(j, "gc.cycles.0.assist_ns");
	expect_null(j, "gc.cycles.0.assists");
	expect_int(j, "gc.cycles.1.workers", 8);
	json_decref(j);
}

static void crash(void **state)
{
	struct fixture *f = fixture_crash();
	json_t *j;

	(void)state;
	j = json_of(f);
	expect_str(j, "crash.message", "concurrent map writes");
	expect_str(j, "crash.kind", "fatal");
	expect_int(j, "crash.writers.0.goid", 73);
	assert_int_equal(json_array_size(at(j, "crash.writers")), 1);
	expect_str(j, "crash.writers.0.stack.0.func", "runtime.mapassign_faststr");
	json_decref(j);

	/* Who notices a concurrent read is no writer. */
	f = fixture_crash();
	f->crash.message = "concurrent map read and map write";
	j = json_of(f);
	assert_int_equal(json_array_size(at(j, "crash.writers")), 0);
	json_decref(j);
}

static void same_result_same_bytes(void **state)
{
	struct fixture *a = fixture_estimated(), *b = fixture_estimated();
	_cleanup_free_ char *x = write_json(&a->r);
	_cleanup_free_ char *y = write_json(&b->r);

	(void)state;
	assert_string_equal(x, y);
	assert_int_equal(x[strlen(x) - 1], '\n');
	assert_int_equal(strncmp(x, "{\n  \"schema\": ", 14), 0);
	free(a);
	free(b);
}

static void hostile_strings(void **state)
{
	struct fixture *f = fixture_crash();
	json_t *j;

	(void)state;
	f->r.exe = "/bin/\xff\xc0\"\\\n";
	f->r.mapprobe = NULL;
	f->maps[0].type = "\xed\xa0\x80";
	f->lines[0].func = "f\x80";
	f->lines[0].file = NULL;
	f->missing[0].why = "\xf5";
	j = json_of(f);
	expect_str(j, "target.exe", "/bin/\xef\xbf\xbd\xef\xbf\xbd\"\\\n");
	expect_str(j, "maps.list.0.type", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_str(j, "maps.list.0.sites.0.stack.0.func", "f\xef\xbf\xbd");
	expect_null(j, "maps.list.0.sites.0.stack.0.file");
	json_decref(j);
}

static void extreme_numbers(void **state)
{
	struct fixture *f = fixture_estimated();
	json_t *j;

	(void)state;
	f->maps[0].length = UINT64_MAX;
	f->r.map_ops[RESULT_ASSIGN].hi = 1e300;
	f->r.map_ops[RESULT_ASSIGN].lo = -5;
	f->r.map_ops[RESULT_ASSIGN].value = 0.0 / 0.0;
	f->r.budget = 1.0 / 0.0;
	f->r.duration_ns = 0;
	result_hist_add(&f->r.stw_gc, UINT64_MAX);
	j = json_of(f);
	expect_int(j, "maps.list.0.length", INT64_MAX);
	expect_int(j, "maps.assigns.estimated.hi", INT64_MAX);
	expect_int(j, "maps.assigns.estimated.lo", 0);
	expect_int(j, "maps.assigns.estimated.value", 0);
	expect_null(j, "overhead.budget");
	expect_null(j, "overhead.measured");
	json_decref(j);
}

static void long_lists_are_cut_and_say_so(void **state)
{
	struct fixture *f = fixture_rich();
	struct result_map *maps = calloc(300, sizeof(*maps));
	struct result_map_site *sites = calloc(30, sizeof(*sites));
	json_t *j;

	(void)state;
	maps[0].sites = sites;
	maps[0].nsites = 30;
	f->r.maps = maps;
	f->r.nmaps = 300;
	j = json_of(f);
	expect_int(j, "maps.list_total", 300);
	assert_int_equal(json_array_size(at(j, "maps.list")), 200);
	expect_int(j, "maps.list.0.sites_total", 30);
	assert_int_equal(json_array_size(at(j, "maps.list.0.sites")), 20);
	json_decref(j);
	free(maps);
	free(sites);
}

static void output_fits_the_schema(void **state)
{
	struct fixture *(*const make[])(void) = { fixture_rich, fixture_empty, fixture_estimated,
						  fixture_crash };
	json_error_t je;
	json_t *j;

	(void)state;
	schema_top = json_load_file(SCHEMA, 0, &je);
	if (!schema_top)
		fail_msg("%s: %s (run from the top of the repository)", SCHEMA, je.text);
	for (size_t i = 0; i < COUNT_OF(make); i++) {
		j = json_of(make[i]());
		assert_true(fits(schema_top, j));
		/* The check can fail. */
		json_object_set_new(json_object_get(j, "heap"), "surprise", json_null());
		assert_false(fits(schema_top, j));
		json_decref(j);
	}
	j = json_of(calloc(1, sizeof(struct fixture)));
	assert_true(fits(schema_top, j));
	json_decref(j);
	json_decref(schema_top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rich_values),
		cmocka_unit_test(stack_indices),
		cmocka_unit_test(estimates),
		cmocka_unit_test(read_history),
		cmocka_unit_test(stacks_are_complete),
		cmocka_unit_test(unknown_parts_of_a_cycle),
		cmocka_unit_test(crash),
		cmocka_unit_test(same_result_same_bytes),
		cmocka_unit_test(hostile_strings),
		cmocka_unit_test(extreme_numbers),
		cmocka_unit_test(long_lists_are_cut_and_say_so),
		cmocka_unit_test(output_fits_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
