// SPDX-License-Identifier: Apache-2.0
/* From the builder's vectors to the bytes of the file: protobuf-c's tree of pointers, then gzip. */
#include "report/pprof.h"

#include <errno.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "report/formats.h"

/* The arrays that the message points into, besides the vectors of the builder. */
struct tree {
	Perftools__Profiles__Profile profile;
	Perftools__Profiles__Mapping mapping, *mappings[1];
	Perftools__Profiles__ValueType types[4], *type_ptrs[4];
	Perftools__Profiles__Sample *samples, **sample_ptrs;
	Perftools__Profiles__Location *locations, **location_ptrs;
	Perftools__Profiles__Function **function_ptrs;
	Perftools__Profiles__Line **line_ptrs;
	Perftools__Profiles__Label **label_ptrs;
};

static void tree_deinit(struct tree *t)
{
	free(t->samples);
	free(t->sample_ptrs);
	free(t->locations);
	free(t->location_ptrs);
	free(t->function_ptrs);
	free(t->line_ptrs);
	free(t->label_ptrs);
}

/* An array of pointers to the n elements at base; never NULL but when memory runs out. */
#define pointers_to(base, n)                                                                       \
	({                                                                                         \
		__typeof__(base) *ptrs_ = calloc((n) + 1, sizeof(*ptrs_));                         \
		for (size_t i_ = 0; ptrs_ && i_ < (n); i_++)                                       \
			ptrs_[i_] = (base) + i_;                                                   \
		ptrs_;                                                                             \
	})

static bool tree_alloc(struct tree *t, struct pprof *p)
{
	t->samples = calloc(p->samples.len + 1, sizeof(*t->samples));
	t->locations = calloc(p->locs.len + 1, sizeof(*t->locations));
	if (!t->samples || !t->locations)
		return false;
	t->sample_ptrs = pointers_to(t->samples, p->samples.len);
	t->location_ptrs = pointers_to(t->locations, p->locs.len);
	t->function_ptrs = pointers_to(p->functions.data, p->functions.len);
	t->line_ptrs = pointers_to(p->lines.data, p->lines.len);
	t->label_ptrs = pointers_to(p->labels.data, p->labels.len);
	return t->sample_ptrs && t->location_ptrs && t->function_ptrs && t->line_ptrs &&
	       t->label_ptrs;
}

static void fill_samples(struct tree *t, const struct pprof *p)
{
	for (size_t i = 0; i < p->samples.len; i++) {
		const struct pprof_sample *s = &p->samples.data[i];
		Perftools__Profiles__Sample *m = &t->samples[i];

		perftools__profiles__sample__init(m);
		m->n_location_id = s->nlocs;
		m->location_id = p->sample_locs.data + s->loc;
		m->n_value = p->kind->ntypes;
		m->value = p->sample_values.data + s->value;
		m->n_label = s->nlabels;
		m->label = t->label_ptrs + s->label;
	}
}

static void fill_locations(struct tree *t, const struct pprof *p)
{
	for (size_t i = 0; i < p->locs.len; i++) {
		const struct pprof_loc *l = &p->locs.data[i];
		Perftools__Profiles__Location *m = &t->locations[i];

		perftools__profiles__location__init(m);
		m->id = i + 1;
		m->mapping_id = l->mapping;
		m->address = l->address;
		m->n_line = l->nlines;
		m->line = t->line_ptrs + l->line;
	}
}

/* Strings first: they are the last that may still be added. */
static void fill_head(struct tree *t, struct pprof *p)
{
	const struct result *r = p->r;
	Perftools__Profiles__Mapping *m = &t->mapping;

	perftools__profiles__mapping__init(m);
	m->id = 1;
	m->memory_start = r->exe_start;
	m->memory_limit = r->exe_limit;
	m->file_offset = r->exe_offset;
	m->filename = pprof_string(p, r->exe);
	m->build_id = pprof_string(p, r->build_id);
	m->has_functions = m->has_filenames = m->has_line_numbers = m->has_inline_frames = 1;
	t->mappings[0] = m;
	for (size_t i = 0; i < p->kind->ntypes; i++) {
		perftools__profiles__value_type__init(&t->types[i]);
		t->types[i].type = pprof_string(p, p->kind->types[i].type);
		t->types[i].unit = pprof_string(p, p->kind->types[i].unit);
		t->type_ptrs[i] = &t->types[i];
	}
}

static void fill_profile(struct tree *t, struct pprof *p)
{
	Perftools__Profiles__Profile *m = &t->profile;

	perftools__profiles__profile__init(m);
	m->n_sample_type = p->kind->ntypes;
	m->sample_type = t->type_ptrs;
	m->n_sample = p->samples.len;
	m->sample = t->sample_ptrs;
	m->n_mapping = 1;
	m->mapping = t->mappings;
	m->n_location = p->locs.len;
	m->location = t->location_ptrs;
	m->n_function = p->functions.len;
	m->function = t->function_ptrs;
	m->n_string_table = p->strings.len;
	m->string_table = p->strings.data;
	m->time_nanos = (int64_t)p->r->start_unix_ns;
	m->duration_nanos = (int64_t)p->r->duration_ns;
	m->period_type = t->type_ptrs[0];
	m->period = 1;
	m->n_comment = p->comments.len;
	m->comment = p->comments.data;
	m->default_sample_type = t->types[p->kind->shown].type;
}

/* gzip: the header has no name and no time, so that the bytes depend on the data alone. */
static int write_gzip(const uint8_t *data, size_t len, const char *what, FILE *out, struct err *e)
{
	uint8_t chunk[16384];
	z_stream z = { 0 };
	int rc;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return err_set(e, -ENOMEM, "%s: deflateInit2 failed", what);
	z.next_in = (uint8_t *)data;
	do {
		if (!z.avail_in) {
			z.avail_in = len > 1u << 30 ? 1u << 30 : (uInt)len;
			len -= z.avail_in;
		}
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = deflate(&z, len ? Z_NO_FLUSH : Z_FINISH);
		fwrite(chunk, 1, sizeof(chunk) - z.avail_out, out);
	} while (rc == Z_OK);
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return err_set(e, -EIO, "%s: deflate returned %d", what, rc);
	return formats_flush(out, what, e);
}

int pprof_finish(struct pprof *p, FILE *out, struct err *e)
{
	struct tree t __attribute__((cleanup(tree_deinit))) = { 0 };
	_cleanup_free_ uint8_t *packed = NULL;
	size_t len;

	fill_head(&t, p);
	if (p->failed || !tree_alloc(&t, p))
		return err_set(e, -ENOMEM, "%s: out of memory", p->kind->name);
	fill_samples(&t, p);
	fill_locations(&t, p);
	fill_profile(&t, p);
	len = perftools__profiles__profile__get_packed_size(&t.profile);
	packed = malloc(len + 1);
	if (!packed)
		return err_set(e, -ENOMEM, "%s: out of memory for %zu bytes", p->kind->name, len);
	perftools__profiles__profile__pack(&t.profile, packed);
	return write_gzip(packed, len, p->kind->name, out, e);
}
