// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "report/pprof.pb-c.h"
#include "report/report.h"
#include "unit/report_fixture.h"

static char *write_gz(const char *name, const struct result *r, size_t *ret_len)
{
	struct err e = { 0 };
	char *data = NULL;
	FILE *out = open_memstream(&data, ret_len);

	assert_non_null(out);
	assert_int_equal(report_find(name)->write(r, out, &e), 0);
	fclose(out);
	return data;
}

static Perftools__Profiles__Profile *decode(const char *gz, size_t len)
{
	size_t cap = 1 << 22;
	_cleanup_free_ uint8_t *raw = malloc(cap);
	z_stream z = { .next_in = (uint8_t *)gz,
		       .avail_in = (uInt)len,
		       .next_out = raw,
		       .avail_out = (uInt)cap };
	Perftools__Profiles__Profile *p;

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	p = perftools__profiles__profile__unpack(NULL, cap - z.avail_out, raw);
	inflateEnd(&z);
	assert_non_null(p);
	return p;
}

/* Everything refers to something that is there: what `go tool pprof` checks, and more. */
static void expect_sound(const Perftools__Profiles__Profile *p)
{
	assert_string_equal(p->string_table[0], "");
	for (size_t i = 0; i < p->n_sample; i++) {
		const Perftools__Profiles__Sample *s = p->sample[i];

		assert_int_equal(s->n_value, p->n_sample_type);
		assert_true(s->n_location_id > 0);
		for (size_t j = 0; j < s->n_location_id; j++)
			assert_in_range(s->location_id[j], 1, p->n_location);
		for (size_t j = 0; j < s->n_label; j++) {
			assert_in_range(s->label[j]->key, 1, p->n_string_table - 1);
			assert_in_range(s->label[j]->str, 0, p->n_string_table - 1);
		}
	}
	for (size_t i = 0; i < p->n_location; i++) {
		assert_int_equal(p->location[i]->id, i + 1);
		assert_in_range(p->location[i]->mapping_id, 0, 1);
		for (size_t j = 0; j < p->location[i]->n_line; j++)
			assert_in_range(p->location[i]->line[j]->function_id, 1, p->n_function);
	}
	for (size_t i = 0; i < p->n_function; i++) {
		assert_int_equal(p->function[i]->id, i + 1);
		assert_in_range(p->function[i]->name, 0, p->n_string_table - 1);
		assert_in_range(p->function[i]->filename, 0, p->n_string_table - 1);
	}
	for (size_t i = 0; i < p->n_string_table; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(p->string_table[i], p->string_table[j]);
}

static Perftools__Profiles__Profile *profile_of(const char *name, struct fixture *f)
{
	size_t len;
	_cleanup_free_ char *gz = write_gz(name, &f->r, &len);
	Perftools__Profiles__Profile *p = decode(gz, len);

	expect_sound(p);
	free(f);
	return p;
}

static void profile_free(Perftools__Profiles__Profile *p)
{
	perftools__profiles__profile__free_unpacked(p, NULL);
}

static void expect_type(const Perftools__Profiles__Profile *p, size_t i, const char *type,
			const char *unit)
{
	assert_string_equal(p->string_table[p->sample_type[i]->type], type);
	assert_string_equal(p->string_table[p->sample_type[i]->unit], unit);
}

/* The label of that key, NULL when the sample has none. */
static const Perftools__Profiles__Label *label(const Perftools__Profiles__Profile *p, size_t sample,
					       const char *key)
{
	const Perftools__Profiles__Sample *s = p->sample[sample];

	for (size_t i = 0; i < s->n_label; i++)
		if (!strcmp(p->string_table[s->label[i]->key], key))
			return s->label[i];
	return NULL;
}

static const char *label_str(const Perftools__Profiles__Profile *p, size_t sample, const char *key)
{
	const Perftools__Profiles__Label *l = label(p, sample, key);

	return l ? p->string_table[l->str] : NULL;
}

static const Perftools__Profiles__Location *location(const Perftools__Profiles__Profile *p,
						     size_t sample, size_t i)
{
	return p->location[p->sample[sample]->location_id[i] - 1];
}

static const Perftools__Profiles__Function *function(const Perftools__Profiles__Profile *p,
						     const Perftools__Profiles__Line *l)
{
	return p->function[l->function_id - 1];
}

static bool has_comment(const Perftools__Profiles__Profile *p, const char *s)
{
	for (size_t i = 0; i < p->n_comment; i++)
		if (!strcmp(p->string_table[p->comment[i]], s))
			return true;
	return false;
}

static void maps_head(void **state)
{
	Perftools__Profiles__Profile *p = profile_of("maps.pb.gz", fixture_rich());
	const Perftools__Profiles__Mapping *m = p->mapping[0];

	(void)state;
	assert_int_equal(p->n_sample_type, 4);
	expect_type(p, 0, "assigns", "count");
	expect_type(p, 1, "deletes", "count");
	expect_type(p, 2, "clears", "count");
	expect_type(p, 3, "growths", "count");
	assert_string_equal(p->string_table[p->default_sample_type], "assigns");
	assert_string_equal(p->string_table[p->period_type->type], "assigns");
	assert_int_equal(p->period, 1);
	assert_int_equal(p->time_nanos, 1770779565000000000);
	assert_int_equal(p->duration_nanos, 10000000000);
	assert_int_equal(p->n_mapping, 1);
	assert_int_equal(m->id, 1);
	assert_int_equal(m->memory_start, 0x400000);
	assert_int_equal(m->memory_limit, 0x800000);
	assert_string_equal(p->string_table[m->filename], "/srv/shop/bin/shop");
	assert_string_equal(p->string_table[m->build_id], "abc/def");
	assert_true(m->has_functions && m->has_filenames && m->has_line_numbers &&
		    m->has_inline_frames);
	assert_true(has_comment(p, "assigns: exact"));
	assert_true(has_comment(p, "events lost: 0, stacks lost: 0"));
	profile_free(p);
}

static void maps_samples(void **state)
{
	Perftools__Profiles__Profile *p = profile_of("maps.pb.gz", fixture_rich());
	const Perftools__Profiles__Location *l = location(p, 0, 0);
	int64_t assigns = 0;

	(void)state;
	assert_int_equal(p->n_sample, 4);
	assert_int_equal(p->sample[0]->value[0], 503654);
	assert_int_equal(p->sample[0]->value[3], 5);
	assert_int_equal(p->sample[2]->value[1], 12004);
	for (size_t i = 0; i < p->n_sample; i++)
		assigns += p->sample[i]->value[0];
	assert_int_equal(assigns, 503654 + 308691 + 1200);
	assert_string_equal(label_str(p, 0, "map_type"), "map[string]*main.Order");
	assert_string_equal(label_str(p, 0, "map"), "0xc000012340");
	assert_int_equal(label(p, 0, "map_length")->num, 1024);
	assert_null(label(p, 3, "map_type"));
	assert_null(label(p, 3, "map_length"));

	/* Six locations, but the last is goexit; the first has two lines, innermost first. */
	assert_int_equal(p->sample[0]->n_location_id, 5);
	assert_int_equal(l->address, 0x4a1010 - 1);
	assert_int_equal(l->mapping_id, 1);
	assert_int_equal(l->n_line, 2);
	assert_string_equal(p->string_table[function(p, l->line[0])->name],
			    "example.com/shop/store.(*Store).set");
	assert_int_equal(l->line[0]->line, 88);
	assert_int_equal(function(p, l->line[0])->start_line, 85);
	assert_string_equal(p->string_table[function(p, l->line[1])->name],
			    "example.com/shop/store.(*Store).Put");
	assert_int_equal(function(p, l->line[1])->system_name, function(p, l->line[1])->name);
	assert_string_equal(p->string_table[function(p, l->line[1])->filename],
			    "/src/shop/store/store.go");

	/* Where the stack was lost, a function says so. */
	l = location(p, 1, 0);
	assert_int_equal(p->sample[1]->n_location_id, 1);
	assert_string_equal(p->string_table[function(p, l->line[0])->name], "[stack lost]");
	assert_int_equal(l->mapping_id, 0);
	profile_free(p);
}

static void maps_scaled(void **state)
{
	Perftools__Profiles__Profile *p = profile_of("maps.pb.gz", fixture_estimated());

	(void)state;
	assert_int_equal(p->sample[0]->value[0], 731701);
	assert_true(has_comment(p, "assigns: scaled up from windows"));
	assert_true(has_comment(p, "deletes: at least, scaled up from windows"));
	assert_true(has_comment(p, "clears: not armed"));
	assert_true(has_comment(p, "growths: exact in all, samples scaled up for the events lost"));
	assert_true(has_comment(p, "windows: 41, 41000000 ns of 10000000000 ns"));
	assert_true(has_comment(p, "events lost: 12, stacks lost: 3"));
	profile_free(p);
}

static void locks(void **state)
{
	Perftools__Profiles__Profile *p = profile_of("locks.pb.gz", fixture_rich());

	(void)state;
	expect_type(p, 0, "contentions", "count");
	expect_type(p, 1, "delay", "nanoseconds");
	assert_string_equal(p->string_table[p->default_sample_type], "delay");
	assert_int_equal(p->n_sample, 3);
	assert_int_equal(p->sample[0]->value[0], 7000);
	assert_int_equal(p->sample[0]->value[1], 40000000000);
	assert_string_equal(label_str(p, 0, "kind"), "mutex");
	assert_string_equal(label_str(p, 0, "lock"), "0xc0000a8010");
	assert_null(label(p, 1, "lock"));
	profile_free(p);
}

static void stw_is_summed_by_reason_and_stack(void **state)
{
	Perftools__Profiles__Profile *p = profile_of("stw.pb.gz", fixture_rich());

	(void)state;
	expect_type(p, 0, "pauses", "count");
	expect_type(p, 1, "delay", "nanoseconds");
	assert_int_equal(p->n_sample, 3);
	assert_string_equal(label_str(p, 0, "reason"), "GC sweep termination");
	assert_int_equal(p->sample[0]->value[0], 12);
	assert_int_equal(p->sample[1]->value[0], 13);
	assert_string_equal(label_str(p, 2, "reason"), "read mem stats");
	assert_int_equal(p->sample[2]->value[1], 1240000);
	profile_free(p);
}

static void nothing_and_hostile(void **state)
{
	static const char *const names[] = { "maps.pb.gz", "locks.pb.gz", "stw.pb.gz" };
	struct fixture *f;
	Perftools__Profiles__Profile *p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		p = profile_of(names[i], calloc(1, sizeof(*f)));
		assert_int_equal(p->n_sample, 0);
		profile_free(p);
	}
	f = fixture_rich();
	f->lines[0].func = "f\xff";
	f->lines[0].file = NULL;
	f->maps[0].type = "m\xc0";
	f->stack_locs[ST_EXPIRE][0] = 4711; /* leaves goexit alone */
	f->locs[2].nlines = 0;
	f->locs[3].pc = 0;
	f->locs[4].pc = 0x7f0000001000;
	f->sites[0].count[0] = 1e300;
	f->sites[0].count[1] = -1;
	p = profile_of("maps.pb.gz", f);
	assert_int_equal(p->sample[0]->value[0], INT64_MAX);
	assert_int_equal(p->sample[0]->value[1], 0);
	assert_string_equal(label_str(p, 0, "map_type"), "m\xef\xbf\xbd");
	assert_string_equal(p->string_table[function(p, location(p, 0, 0)->line[0])->name],
			    "f\xef\xbf\xbd");
	assert_int_equal(location(p, 0, 2)->n_line, 0);
	assert_int_equal(location(p, 0, 4)->mapping_id, 0);
	assert_string_equal(p->string_table[function(p, location(p, 2, 0)->line[0])->name],
			    "[stack lost]");
	profile_free(p);
}

/* As runtime/pprof has them: wrappers left out, and type arguments, which system_name keeps. */
static void wrappers_and_generic_names(void **state)
{
	static const char *const full = "a.b/c.(*T[go.shape.[]int,a.b/c.U[int]]).Set";
	static const char *const other = "a.b/c.(*T[go.shape.int,go.shape.int]).Set";
	struct fixture *f = fixture_rich();
	Perftools__Profiles__Profile *p;
	const Perftools__Profiles__Location *l;
	size_t n = 0;

	(void)state;
	f->lines[0].func = full;
	f->lines[1].file = "<autogenerated>"; /* into it the first line was inlined */
	f->lines[2].file = "<autogenerated>"; /* a frame of its own */
	f->lines[3].func = other;
	f->lines[3].file = f->lines[0].file;
	f->lines[3].start_line = f->lines[0].start_line;
	p = profile_of("maps.pb.gz", f);
	assert_int_equal(p->sample[0]->n_location_id, 4);
	l = location(p, 0, 0);
	assert_int_equal(l->address, 0x4a1010 - 1);
	assert_int_equal(l->n_line, 1);
	assert_string_equal(p->string_table[function(p, l->line[0])->name], "a.b/c.(*T[...]).Set");
	assert_string_equal(p->string_table[function(p, l->line[0])->system_name], full);
	l = location(p, 0, 1);
	assert_int_equal(l->address, 0x4a3030 - 1);
	/* Another instance is another function. */
	assert_string_equal(p->string_table[function(p, l->line[0])->name], "a.b/c.(*T[...]).Set");
	assert_string_equal(p->string_table[function(p, l->line[0])->system_name], other);
	for (size_t i = 0; i < p->n_function; i++)
		n += !strcmp(p->string_table[p->function[i]->filename], "<autogenerated>");
	assert_int_equal(n, 0);
	profile_free(p);

	/* A stack of nothing else keeps them. */
	f = fixture_rich();
	for (size_t i = 0; i < COUNT_OF(f->lines); i++)
		f->lines[i].file = "<autogenerated>";
	p = profile_of("maps.pb.gz", f);
	assert_int_equal(p->sample[0]->n_location_id, 5);
	assert_int_equal(location(p, 0, 0)->n_line, 2);
	profile_free(p);
}

static void same_result_same_bytes(void **state)
{
	struct fixture *a = fixture_rich(), *b = fixture_rich();
	size_t alen, blen;
	_cleanup_free_ char *x = write_gz("maps.pb.gz", &a->r, &alen);
	_cleanup_free_ char *y = write_gz("maps.pb.gz", &b->r, &blen);

	(void)state;
	assert_int_equal(alen, blen);
	assert_memory_equal(x, y, alen);
	free(a);
	free(b);
}

/* The reader that counts, where there is one. */
static void go_tool_reads_it(void **state)
{
	char dir[] = "/tmp/report_pprof_XXXXXX", path[64], cmd[128], *text = NULL;
	struct fixture *f = fixture_rich();
	struct err e = { 0 };
	size_t cap = 0;
	FILE *in;

	(void)state;
	if (system("go version > /dev/null 2>&1")) {
		free(f);
		skip();
	}
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/maps.pb.gz", dir);
	assert_int_equal(report_write_file(report_find("maps.pb.gz"), &f->r, path, &e), 0);
	snprintf(cmd, sizeof(cmd), "go tool pprof -top -lines %s 2>&1", path);
	in = popen(cmd, "r");
	assert_non_null(in);
	if (getdelim(&text, &cap, 0, in) < 0)
		fail_msg("no output of %s", cmd);
	assert_int_equal(pclose(in), 0);
	unlink(path);
	rmdir(dir);
	assert_non_null(strstr(text, "Type: assigns\n"));
	assert_non_null(strstr(text, "503654 61.91%"));
	assert_non_null(strstr(text, "example.com/shop/store.(*Store).set "
				     "/src/shop/store/store.go:88 (inline)"));
	assert_non_null(strstr(text, "[stack lost]"));
	free(text);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_head),
		cmocka_unit_test(maps_samples),
		cmocka_unit_test(maps_scaled),
		cmocka_unit_test(locks),
		cmocka_unit_test(stw_is_summed_by_reason_and_stack),
		cmocka_unit_test(nothing_and_hostile),
		cmocka_unit_test(wrappers_and_generic_names),
		cmocka_unit_test(same_result_same_bytes),
		cmocka_unit_test(go_tool_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
