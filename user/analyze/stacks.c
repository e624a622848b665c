// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks. A raw stack is a list of return addresses under an id; hits name the id. Addresses turn
 * into locations and raw stacks into the result's stacks only when a result is made: what comes
 * late (a stack behind its first hit on another CPU) is then there all the same.
 *
 * The stack of a map event starts with the runtime's own map code, and how much of it there is
 * depends on the site: the growth of a map is seen inside mapassign, reflect's writes one function
 * further out. Trimmed, they start where the program wrote m[k] = v, and the same writer has the
 * same stack for its writes and for the growth they caused.
 */
#include "analyze/stacks.h"

#include <errno.h>
#include <string.h>

/*
 * Functions that belong to the map itself. Classic maps: runtime/map*.go up to Go 1.23; Swiss maps:
 * internal/runtime/maps and its linknames into runtime (Go 1.24 and later); reflect/map_*.go and
 * maps/maps.go have linknamed entries into both.
 */
static const char *const map_code[] = {
	"runtime.map",	     "internal/runtime/maps.", "runtime.growWork",
	"runtime.evacuate",  "runtime.hashGrow",       "reflect.mapassign",
	"reflect.mapdelete", "reflect.mapclear",       "reflect.mapclone",
	"maps.clone",
};

static bool is_map_code(const char *func)
{
	for (size_t i = 0; i < sizeof(map_code) / sizeof(map_code[0]); i++)
		if (!strncmp(func, map_code[i], strlen(map_code[i])))
			return true;
	return false;
}

void stacks_deinit(struct stacks *s)
{
	arena_deinit(&s->mem);
	u64map_deinit(&s->by_id);
	u64map_deinit(&s->by_pc);
	vec_deinit(&s->raw);
	vec_deinit(&s->symbols);
}

int stacks_symbol(struct stacks *s, struct strings *strings, const struct event_symbol *v)
{
	struct symbol sym = { .nlines = v->nlines };

	if (u64map_get(&s->by_pc, v->pc))
		return 0;
	sym.lines = arena_array(&s->mem, v->nlines, sizeof(*sym.lines));
	if (!sym.lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->nlines; i++) {
		struct result_line *l = &sym.lines[i];

		l->func = strings_intern(strings, v->lines[i].func);
		l->file = strings_intern(strings, v->lines[i].file);
		l->line = v->lines[i].line;
		l->start_line = v->lines[i].start_line;
		if (!l->func || !l->file)
			return -ENOMEM;
		if (sym.map_code == i && is_map_code(l->func))
			sym.map_code++;
	}
	if (vec_push(&s->symbols, sym))
		return -ENOMEM;
	return u64map_put(&s->by_pc, v->pc, s->symbols.len - 1);
}

/* The stack of an id, new or met before. */
static int find(struct stacks *s, uint64_t id, uint32_t *ret)
{
	const uint64_t *i;

	if (id != s->latest_id) {
		i = u64map_get(&s->by_id, id);
		if (!i) {
			if (vec_push(&s->raw, (struct raw_stack){ 0 }) ||
			    u64map_put(&s->by_id, id, s->raw.len - 1))
				return -ENOMEM;
			s->latest = (uint32_t)s->raw.len - 1;
		} else {
			s->latest = (uint32_t)*i;
		}
		s->latest_id = id;
	}
	*ret = s->latest;
	return 0;
}

int stacks_ref(struct stacks *s, uint64_t id, uint32_t *ret)
{
	struct raw_stack *raw;

	if (!id) {
		*ret = STACKS_NONE;
		return 0;
	}
	if (find(s, id, ret))
		return -ENOMEM;
	raw = &s->raw.data[*ret];
	raw->hits++;
	if (!raw->described)
		raw->undescribed++;
	return 0;
}

int stacks_stack(struct stacks *s, const struct abi_stack *v)
{
	struct raw_stack *raw;
	uint64_t *pc;
	uint32_t i;

	if (!v->id)
		return 0;
	if (find(s, v->id, &i))
		return -ENOMEM;
	raw = &s->raw.data[i];
	if (raw->described)
		return 0;
	pc = arena_array(&s->mem, v->n, sizeof(*pc));
	if (!pc)
		return -ENOMEM;
	memcpy(pc, v->pc, v->n * sizeof(*pc));
	*raw = (struct raw_stack){
		.described = true,
		.flags = v->flags,
		.n = v->n,
		.pc = pc,
		.hits = raw->hits,
	};
	return 0;
}

static const struct symbol *symbol_of(const struct stacks *s, uint64_t pc)
{
	const uint64_t *i = u64map_get(&s->by_pc, pc);

	return i ? &s->symbols.data[*i] : NULL;
}

int stacks_passes(const struct stacks *s, uint32_t raw, const char *func)
{
	const struct raw_stack *stack = raw == STACKS_NONE ? NULL : &s->raw.data[raw];
	int n = 0;

	if (!stack || !stack->described)
		return -1;
	for (uint32_t i = 0; i < stack->n; i++) {
		const struct symbol *sym = symbol_of(s, stack->pc[i]);

		for (uint32_t line = 0; sym && line < sym->nlines; line++)
			n += sym->lines[line].func == func;
	}
	return n;
}

const char *stacks_caller(const struct stacks *s, uint32_t raw)
{
	const struct raw_stack *stack = raw == STACKS_NONE ? NULL : &s->raw.data[raw];
	const struct symbol *sym = stack && stack->n ? symbol_of(s, stack->pc[0]) : NULL;

	return sym && sym->nlines ? sym->lines[0].func : NULL;
}

uint64_t stacks_undescribed(const struct stacks *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->raw.len; i++)
		n += s->raw.data[i].undescribed;
	return n;
}

static bool has_gap(const struct raw_stack *raw)
{
	for (uint32_t i = 0; i < raw->n; i++)
		if (raw->pc[i] < ABI_GAP_MAX)
			return true;
	return false;
}

void stacks_unwinding(const struct stacks *s, struct result_unwinding *ret)
{
	for (size_t i = 0; i < s->raw.len; i++) {
		const struct raw_stack *raw = &s->raw.data[i];
		uint64_t last = raw->n ? raw->pc[raw->n - 1] : 0;

		if (!raw->described)
			continue;
		if (raw->flags & ABI_STACK_ROOT) {
			ret->complete += raw->hits;
			ret->gaps += has_gap(raw) ? raw->hits : 0;
		} else if (raw->flags & ABI_STACK_DEEPER) {
			ret->deeper += raw->hits;
		} else if (last == ABI_GAP_C) {
			ret->c_code += raw->hits;
		} else {
			ret->unknown += raw->hits;
		}
	}
}

int stack_table_init(struct stack_table *t, const struct stacks *from, struct arena *mem)
{
	*t = (struct stack_table){ .from = from, .mem = mem };
	for (int trim = 0; trim < 2; trim++) {
		t->made[trim] = arena_array(mem, from->raw.len, sizeof(uint32_t));
		if (!t->made[trim])
			return -ENOMEM;
	}
	return 0;
}

void stack_table_deinit(struct stack_table *t)
{
	vec_deinit(&t->locs);
	vec_deinit(&t->stacks);
	vec_deinit(&t->next);
	u64map_deinit(&t->whole);
	u64map_deinit(&t->partial);
	u64map_deinit(&t->by_hash);
}

/* What stands in a stack for frames that are not known. */
enum gap_place { BETWEEN, LAST };
#define GAP_DEEPER ABI_GAP_MAX /* the stack had no room for more */
#define GAPS	   (GAP_DEEPER + 1)

/* The location that stands for a gap. */
static int gap_loc(struct stack_table *t, uint32_t gap, enum gap_place place, uint32_t *ret)
{
	static const char *const text[][GAPS] = {
		[BETWEEN] = { [0] = "(frames missing)",
			      [ABI_GAP_C] = "(frames missing: C code without frame pointers)",
			      [ABI_GAP_FRAMELESS] =
				      "(caller missing: of a function without a frame)",
			      [ABI_GAP_UNKNOWN] = "(frames missing)" },
		[LAST] = { [0] = "(stack stops here)",
			   [ABI_GAP_C] = "(stack stops here: C code without frame pointers)",
			   [ABI_GAP_FRAMELESS] = "(stack stops here: function without a frame)",
			   [ABI_GAP_UNKNOWN] = "(stack stops here: no return address)",
			   [GAP_DEEPER] = "(stack stops here: too deep)" },
	};
	uint64_t key = gap + (uint64_t)place * GAPS, *have = u64map_get(&t->whole, key);
	struct result_loc loc = { .nlines = 1 };

	if (have) {
		*ret = (uint32_t)*have;
		return 0;
	}
	loc.lines = arena_array(t->mem, 1, sizeof(*loc.lines));
	if (!loc.lines)
		return -ENOMEM;
	loc.lines->func = text[place][gap];
	loc.lines->file = "";
	if (vec_push(&t->locs, loc) || u64map_put(&t->whole, key, t->locs.len - 1))
		return -ENOMEM;
	*ret = (uint32_t)t->locs.len - 1;
	return 0;
}

/* The location of pc; partial: without the lines of map code, of which there are others. */
static int loc_of(struct stack_table *t, uint64_t pc, bool partial, uint32_t *ret)
{
	struct u64map *index = partial ? &t->partial : &t->whole;
	const struct symbol *sym = symbol_of(t->from, pc);
	const uint64_t *i = u64map_get(index, pc);
	struct result_loc loc = { .pc = pc };

	if (i) {
		*ret = (uint32_t)*i;
		return 0;
	}
	if (sym) {
		uint32_t skip = partial ? sym->map_code : 0;

		loc.nlines = sym->nlines - skip;
		loc.lines = sym->lines + skip;
	}
	if (vec_push(&t->locs, loc) || u64map_put(index, pc, t->locs.len - 1))
		return -ENOMEM;
	*ret = (uint32_t)t->locs.len - 1;
	return 0;
}

/* How many addresses are map code and nothing else; all of them: 0, something must be left. */
static uint32_t leading_map_code(const struct stack_table *t, const struct raw_stack *raw)
{
	for (uint32_t i = 0; i < raw->n; i++) {
		const struct symbol *sym = symbol_of(t->from, raw->pc[i]);

		if (!sym || !sym->nlines || sym->map_code < sym->nlines)
			return i;
	}
	return 0;
}

/* The stack with these locations, new or met before. */
static int stack_of(struct stack_table *t, const uint32_t *locs, uint32_t n, uint32_t *ret)
{
	struct result_stack stack = { .nlocs = n };
	uint64_t hash = n, *first;
	uint32_t next;

	for (uint32_t i = 0; i < n; i++)
		hash = u64_mix(hash, locs[i]);
	first = u64map_get(&t->by_hash, hash);
	next = first ? (uint32_t)*first + 1 : 0;
	for (uint32_t i = next; i; i = t->next.data[i - 1]) {
		const struct result_stack *s = &t->stacks.data[i - 1];

		if (s->nlocs == n && !memcmp(s->locs, locs, n * sizeof(*locs))) {
			*ret = i - 1;
			return 0;
		}
	}
	stack.id = t->stacks.len + 1;
	stack.locs = arena_array(t->mem, n, sizeof(*locs));
	if (!stack.locs)
		return -ENOMEM;
	memcpy(stack.locs, locs, n * sizeof(*locs));
	if (vec_push(&t->stacks, stack) || vec_push(&t->next, next) ||
	    u64map_put(&t->by_hash, hash, t->stacks.len - 1))
		return -ENOMEM;
	*ret = (uint32_t)t->stacks.len - 1;
	return 0;
}

static int make(struct stack_table *t, const struct raw_stack *raw, bool trim, uint32_t *ret)
{
	uint32_t skip = trim ? leading_map_code(t, raw) : 0, n = 0;
	uint32_t locs[ABI_MAX_DEPTH + 1];
	int rc = 0;

	for (uint32_t i = skip; i < raw->n && !rc; i++) {
		const struct symbol *sym = symbol_of(t->from, raw->pc[i]);
		bool partial =
			trim && i == skip && sym && sym->map_code && sym->map_code < sym->nlines;

		if (raw->pc[i] < ABI_GAP_MAX)
			rc = gap_loc(t, (uint32_t)raw->pc[i], i + 1 < raw->n ? BETWEEN : LAST,
				     &locs[n++]);
		else
			rc = loc_of(t, raw->pc[i], partial, &locs[n++]);
	}
	if (!rc && raw->flags & ABI_STACK_DEEPER)
		rc = gap_loc(t, GAP_DEEPER, LAST, &locs[n++]);
	return rc ? rc : stack_of(t, locs, n, ret);
}

int stack_table_get(struct stack_table *t, uint32_t raw, bool trim, uint32_t *ret)
{
	uint32_t *made;
	int rc;

	if (raw == STACKS_NONE || !t->from->raw.data[raw].described) {
		*ret = RESULT_NO_STACK;
		return 0;
	}
	made = &t->made[trim][raw];
	if (!*made) {
		rc = make(t, &t->from->raw.data[raw], trim, ret);
		if (rc)
			return rc;
		*made = *ret + 1;
	}
	*ret = *made - 1;
	return 0;
}
