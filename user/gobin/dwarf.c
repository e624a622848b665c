// SPDX-License-Identifier: Apache-2.0
/*
 * Go's linker (cmd/link/internal/ld/dwarf.go) puts the types and the global variables of a program
 * into compile units named "runtime", as children of the unit: DW_TAG_structure_type "runtime.g"
 * with a DW_TAG_member for each field. Nothing else of the DWARF is needed.
 *
 * Cost, measured: 4 ms for each MB of .debug_info, of which there are 6 MB in a binary of 23 MB
 * (delve) and 13 MB in one of 43 MB (docker); most of it is unpacking. One of 100 MB would take
 * more than 100 ms. So DWARF is not read where the table of releases is certain, and that the two
 * agree is for the unit tests to show.
 *
 * The file is hostile. Memory: the unpacked sections, see debuginfo.c, and what libdw keeps for
 * units and abbreviations, bounded by their number. Time: libdw only goes forward in a unit; an
 * entry costs no more than its abbreviation has attributes.
 */
#include "gobin/dwarf.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "gobin/debuginfo.h"
#include "gobin/layout.h"

#define UNITS_MAX	50000	/* of the whole program, one or two for each package */
#define REFS_MAX	256	/* from an entry to its type, followed; mapprobe needs about 40 */
#define ABBREVS_MAX	256	/* of one unit; Go has about 45 */
#define ABBREVS_ALL_MAX 1000000 /* kept by libdw, about 100 bytes each */
#define ATTRS_MAX	16	/* of one abbreviation; Go has up to 10 */
#define ENTRIES_MAX	4000000
#define NESTING_MAX	4 /* of structs in a field's path */
#define ALIASES_MAX	8
#define WANTED_MAX	128 /* fields of one type, with their alternatives */
#define RANK_STEP	16

static const struct {
	const char *type, *path;
} fields[LAYOUT_NFIELDS] = {
#define DWARF_FIELD(member, type, field) { type, field },
	GOBIN_FIELDS(DWARF_FIELD)
#undef DWARF_FIELD
};

/* The reading of one program's types. */
struct walk {
	Dwarf *dwarf;
	struct span abbrevs;
	struct gobin_layout *layout;
	uint8_t rank[LAYOUT_NFIELDS]; /* of the alternative that a field comes from */
	uint32_t nabbrevs;	      /* that libdw may have to keep */
	uint32_t nentries;	      /* looked at */
	uint32_t nrefs;		      /* followed */
	/* The last table of abbreviations that was looked at, and how many it has, 0: not Go's. */
	uint64_t abbrevs_at;
	uint32_t abbrevs_len;
};

/* A field that a type may have: the rest of its path. */
struct wanted {
	uint16_t field;
	uint8_t rank;
	const char *path, *end;
};

struct wanted_list {
	struct wanted items[WANTED_MAX];
	size_t n;
};

/* The next of the alternatives in *list, which go on up to "|". */
static bool next_alternative(const char **list, const char **ret, size_t *len)
{
	if (!*list)
		return false;
	*ret = *list;
	*len = strcspn(*list, "|");
	*list = (*list)[*len] ? *list + *len + 1 : NULL;
	return true;
}

static void want(const char *type, int field, struct wanted_list *ret)
{
	const char *types = fields[field].type, *at;
	uint8_t rank = 0;
	size_t len;

	for (; next_alternative(&types, &at, &len); rank += RANK_STEP) {
		const char *paths = fields[field].path, *path;

		if (strncmp(at, type, len) || type[len])
			continue;
		for (uint8_t i = 0; next_alternative(&paths, &path, &len); i++)
			if (ret->n < WANTED_MAX)
				ret->items[ret->n++] = (struct wanted){
					.field = (uint16_t)field,
					.rank = rank + i,
					.path = path,
					.end = path + len,
				};
	}
}

static void found(struct walk *w, const struct wanted *x, uint64_t value)
{
	if (x->rank >= w->rank[x->field] || value >= GOBIN_ABSENT)
		return;
	w->rank[x->field] = x->rank;
	*layout_at(w->layout, x->field) = (uint32_t)value;
}

/* How many abbreviations the table at an offset has; 0 when it is not as Go writes them. */
static uint32_t count_abbrevs(struct span abbrevs, uint64_t off)
{
	struct reader r = reader_of(abbrevs);

	reader_bytes(&r, off);
	for (uint32_t n = 0; n < ABBREVS_MAX; n++) {
		uint64_t attr, form;
		int nattrs = 0;

		if (!reader_uvarint(&r))
			return r.failed ? 0 : n;
		reader_uvarint(&r); /* tag */
		reader_u8(&r);	    /* has children */
		do {
			attr = reader_uvarint(&r);
			form = reader_uvarint(&r);
			if (form == DW_FORM_implicit_const)
				reader_uvarint(&r);
			if (++nattrs > ATTRS_MAX)
				return 0;
		} while (attr || form);
	}
	return 0;
}

/*
 * Whether libdw may look at entries of a unit with the abbreviations at that offset: it keeps a
 * table of them for each unit.
 */
static bool abbrevs_ok(struct walk *w, uint64_t off)
{
	if (off != w->abbrevs_at) {
		w->abbrevs_at = off;
		w->abbrevs_len = count_abbrevs(w->abbrevs, off);
	}
	if (!w->abbrevs_len || w->nabbrevs > ABBREVS_ALL_MAX - w->abbrevs_len)
		return false;
	w->nabbrevs += w->abbrevs_len;
	return true;
}

/* The entry that a DW_AT_type refers to. */
static bool follow(struct walk *w, Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Off abbrevs;
	Dwarf_Die unit;

	return w->nrefs++ < REFS_MAX && dwarf_attr(die, DW_AT_type, &attr) &&
	       dwarf_formref_die(&attr, ret) &&
	       dwarf_cu_die(ret->cu, &unit, NULL, &abbrevs, NULL, NULL, NULL, NULL) &&
	       abbrevs_ok(w, abbrevs);
}

/* What the typedefs lead to. */
static bool type_of(struct walk *w, Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Die at = *die, next;

	for (int i = 0; i < ALIASES_MAX && follow(w, &at, &next); i++) {
		at = next;
		if (dwarf_tag(&at) != DW_TAG_typedef) {
			*ret = at;
			return true;
		}
	}
	return false;
}

static bool size_of(Dwarf_Die *type, uint64_t *ret)
{
	int size = dwarf_tag(type) == DW_TAG_pointer_type ? 8 : dwarf_bytesize(type);

	*ret = (uint64_t)size;
	return size >= 0;
}

/* A number, or (up to Go 1.17) an expression: DW_OP_plus_uconst and the number. */
static bool offset_of(Dwarf_Die *member, uint64_t *ret)
{
	Dwarf_Attribute attr;
	struct reader r;
	Dwarf_Block block;
	Dwarf_Word value;

	if (!dwarf_attr(member, DW_AT_data_member_location, &attr))
		return false;
	if (!dwarf_formudata(&attr, &value)) {
		*ret = value;
		return true;
	}
	if (dwarf_formblock(&attr, &block))
		return false;
	r = reader_of((struct span){ block.data, block.length });
	if (reader_u8(&r) != DW_OP_plus_uconst)
		return false;
	*ret = reader_uvarint(&r);
	return reader_done(&r);
}

/* One member: what of the wanted is this field, what is inside of it. */
static void read_member(struct walk *w, Dwarf_Die *member, uint64_t base,
			const struct wanted_list *wanted, struct wanted_list *inside)
{
	const char *name = dwarf_diename(member);
	size_t len = name ? strlen(name) : 0;
	Dwarf_Die type;
	uint64_t size;

	for (size_t i = 0; len && i < wanted->n; i++) {
		struct wanted x = wanted->items[i];

		if ((size_t)(x.end - x.path) < len || memcmp(x.path, name, len))
			continue;
		x.path += len;
		if (x.path == x.end)
			found(w, &x, base);
		else if (*x.path == '#' && type_of(w, member, &type) && size_of(&type, &size))
			found(w, &x, size);
		else if (*x.path++ == '.')
			inside->items[inside->n++] = x;
	}
}

static void read_struct(struct walk *w, Dwarf_Die *type, uint64_t base,
			const struct wanted_list *wanted, int level)
{
	Dwarf_Die member, nested;

	if (level == NESTING_MAX || dwarf_tag(type) != DW_TAG_structure_type ||
	    dwarf_child(type, &member))
		return;
	do {
		struct wanted_list inside = { .n = 0 };
		uint64_t off;

		/* Nothing is inside of a field's entry; libdw would have to walk over it. */
		if (w->nentries++ >= ENTRIES_MAX || dwarf_haschildren(&member))
			return;
		if (dwarf_tag(&member) != DW_TAG_member || !offset_of(&member, &off))
			continue;
		read_member(w, &member, base + off, wanted, &inside);
		if (inside.n && type_of(w, &member, &nested))
			read_struct(w, &nested, base + off, &inside, level + 1);
	} while (!dwarf_siblingof(&member, &member));
}

/* A struct type of the runtime, or a variable that is a struct. */
static void read_entry(struct walk *w, Dwarf_Die *die)
{
	struct wanted_list wanted = { .n = 0 };
	int tag = dwarf_tag(die);
	const char *name;
	uint64_t size;
	Dwarf_Die type = *die;

	if (tag != DW_TAG_structure_type && tag != DW_TAG_variable)
		return;
	name = dwarf_diename(die);
	if (!name || (strncmp(name, "runtime.", 8) && strncmp(name, "internal/", 9)))
		return;
	for (int i = 0; i < LAYOUT_NFIELDS; i++)
		want(name, i, &wanted);
	if (!wanted.n || (tag == DW_TAG_variable && !type_of(w, die, &type)))
		return;
	for (size_t i = 0; i < wanted.n; i++)
		if (*wanted.items[i].path == '#' && size_of(&type, &size))
			found(w, &wanted.items[i], size);
	read_struct(w, &type, 0, &wanted, 0);
}

/* The entry of the unit itself, when that is the runtime's. */
static bool is_runtime(struct walk *w, Dwarf_Off at, uint64_t abbrevs, Dwarf_Die *ret)
{
	const char *name;

	if (!abbrevs_ok(w, abbrevs) || !dwarf_offdie(w->dwarf, at, ret) ||
	    dwarf_tag(ret) != DW_TAG_compile_unit)
		return false;
	name = dwarf_diename(ret);
	return name && !strcmp(name, "runtime");
}

/* libdw keeps every unit before the one that an offset leads to. */
static bool too_many_units(Dwarf *dwarf)
{
	Dwarf_Off at = 0, next;
	size_t header;
	int n = 0;

	for (; !dwarf_next_unit(dwarf, at, &next, &header, NULL, NULL, NULL, NULL, NULL, NULL);
	     at = next)
		if (++n > UNITS_MAX)
			return true;
	return false;
}

static void walk_units(struct walk *w)
{
	Dwarf_Off at = 0, next, abbrevs;
	size_t header;

	for (;
	     !dwarf_next_unit(w->dwarf, at, &next, &header, NULL, &abbrevs, NULL, NULL, NULL, NULL);
	     at = next) {
		Dwarf_Die unit, die;

		if (!is_runtime(w, at + header, abbrevs, &unit) || dwarf_child(&unit, &die))
			continue;
		do {
			if (w->nentries++ >= ENTRIES_MAX)
				return;
			read_entry(w, &die);
		} while (!dwarf_siblingof(&die, &die));
	}
}

static int read_types(const struct debuginfo *d, struct gobin_layout *ret, struct err *e)
{
	struct walk w = {
		.dwarf = d->dwarf, .abbrevs = d->abbrevs, .layout = ret, .abbrevs_at = UINT64_MAX
	};

	memset(ret, 0xff, sizeof(*ret));
	memset(w.rank, 0xff, sizeof(w.rank));
	if (too_many_units(d->dwarf))
		return err_set(e, -E2BIG, "DWARF: more than %u units", UNITS_MAX);
	walk_units(&w);
	if (ret->g_goid == GOBIN_ABSENT)
		return err_set(e, -ENOENT, "DWARF: no runtime.g with a goid");
	return 0;
}

int dwarf_layout(const struct image *img, struct gobin_layout *ret, struct err *e)
{
	struct debuginfo d;
	struct gobin_layout l;
	int rc = debuginfo_open(img, &d, e);

	if (rc)
		return rc;
	rc = read_types(&d, &l, e);
	debuginfo_close(&d);
	if (!rc)
		*ret = l;
	return rc;
}
