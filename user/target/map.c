// SPDX-License-Identifier: Apache-2.0
/*
 * The header of a Go map, read out of a running process.
 *
 * Classic maps (runtime/map.go up to Go 1.23): hmap{count int; flags, B uint8; ...; buckets}. There
 * are 2^B buckets of 8 slots; overflow buckets, which come and go, are not counted as capacity.
 *
 * Swiss maps (internal/runtime/maps/map.go from Go 1.24): Map{used uint64; seed; dirPtr; dirLen;
 * ...}. With dirLen 0, dirPtr is nil or points to the one group of 8 slots. Else it points to a
 * directory of dirLen (a power of two) pointers to tables; a table that covers several entries
 * covers adjacent ones. Each table has its own capacity, a power of two up to 1024.
 *
 * The process goes on while it is read, and the address may be that of a map of long ago: what
 * does not fit together is refused, not interpreted.
 */
#include "target/mem.h"

#include <errno.h>
#include <inttypes.h>

#include "base/span.h"
#include "base/u64map.h"

#define GROUP_SLOTS	8
#define HMAP_COUNT	0
#define HMAP_BUCKETS	16 /* Go 1.17 to 1.23 */
#define HMAP_FLAGS	8
#define HMAP_FLAGS_ALL	0x0f /* iterator, oldIterator, hashWriting, sameSizeGrow */
#define HMAP_MAX_B	40
#define BUCKET_MIN	16 /* bytes of a bucket: 8 of tophash, and an overflow pointer */
#define MIN_TOPHASH	5  /* of a slot in use; below: empty, or evacuated */
#define MAP_HEADER	48
#define DIR_MAX		(1u << 24)
#define DIR_CHUNK	MEM_MAX_PIECES
#define MAX_TRIES	4
#define TABLE_MAX_SLOTS 1024
#define CONTROL_EMPTY	0x8080808080808080 /* the bit of each control byte: empty or deleted */

struct where {
	pid_t pid;
	uint64_t addr;
};

static int not_a_map(const struct where *w, struct err *e, const char *what, uint64_t value)
{
	return err_set(e, -EBADMSG,
		       "process %d: no map at 0x%" PRIx64 " (any more): %s is 0x%" PRIx64, w->pid,
		       w->addr, what, value);
}

/*
 * More than 8 entries, and more than 13/2 (Go 1.21: 6) a bucket, make a map grow before the next is
 * put in (overLoadFactor).
 */
static bool overloaded(uint64_t count, uint8_t b)
{
	return count > GROUP_SLOTS && count / 13 > (1ull << b) / 2;
}

/*
 * Whether 2^b buckets can lie there: the last one can be read too; and a single one, which never
 * overflows, has as many slots in use as the map has entries.
 */
static int check_buckets(const struct where *w, uint64_t buckets, uint8_t b, uint64_t count,
			 struct err *e)
{
	uint64_t last = buckets + ((1ull << b) - 1) * BUCKET_MIN, used = 0;
	uint8_t tophash[GROUP_SLOTS];
	int rc = mem_read(w->pid, last, tophash, sizeof(tophash), e);

	if (rc == -EFAULT)
		return not_a_map(w, e, "buckets", buckets);
	if (rc || b)
		return rc;
	for (size_t i = 0; i < GROUP_SLOTS; i++)
		used += tophash[i] >= MIN_TOPHASH;
	return used == count ? 0 : not_a_map(w, e, "count", count);
}

static int classic_map(const struct where *w, const struct gobin_layout *l, struct span h,
		       struct target_map *ret, struct err *e)
{
	uint64_t count, buckets;
	uint8_t b, flags;
	uint32_t seed;

	if (!span_u64(h, HMAP_COUNT, &count) || !span_u64(h, HMAP_BUCKETS, &buckets) ||
	    !span_u8(h, HMAP_FLAGS, &flags) || !span_u8(h, l->hmap_b, &b) ||
	    !span_u32(h, l->hmap_hash0, &seed))
		return err_set(e, -EINVAL,
			       "layout: hmap.B at 0x%x, hash0 at 0x%x are not in the header",
			       l->hmap_b, l->hmap_hash0);
	if (b > HMAP_MAX_B)
		return not_a_map(w, e, "B", b);
	if (flags & ~HMAP_FLAGS_ALL)
		return not_a_map(w, e, "flags", flags);
	if (buckets & 7)
		return not_a_map(w, e, "buckets", buckets);
	if (overloaded(count, b) || (!buckets && count))
		return not_a_map(w, e, "count", count);
	ret->length = count;
	ret->seed = seed;
	ret->capacity = buckets ? (uint64_t)GROUP_SLOTS << b : 0;
	return buckets ? check_buckets(w, buckets, b, count, e) : 0;
}

/* Adds up the capacities of n tables. */
static int add_tables(const struct where *w, const struct gobin_layout *l, const uint64_t *tables,
		      size_t n, uint64_t *capacity, struct err *e)
{
	uint64_t addrs[DIR_CHUNK];
	uint16_t caps[DIR_CHUNK];
	int rc;

	for (size_t i = 0; i < n; i++) {
		if (!tables[i] || tables[i] & 7)
			return not_a_map(w, e, "a table", tables[i]);
		addrs[i] = tables[i] + l->table_capacity;
	}
	rc = mem_read_u16s(w->pid, addrs, n, caps, e);
	if (rc == -EFAULT)
		return not_a_map(w, e, "a table", tables[0]);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (caps[i] < GROUP_SLOTS || caps[i] > TABLE_MAX_SLOTS || caps[i] & (caps[i] - 1))
			return not_a_map(w, e, "the capacity of a table", caps[i]);
		*capacity += caps[i];
	}
	return 0;
}

/*
 * A directory of len entries: a hash of them, and the capacity of all its tables (unless capacity
 * is NULL).
 */
static int read_directory(const struct where *w, const struct gobin_layout *l, uint64_t dir,
			  uint64_t len, uint64_t *capacity, uint64_t *hash, struct err *e)
{
	uint64_t previous = 0;

	*hash = u64_mix(dir, len);

	for (uint64_t i = 0; i < len; i += DIR_CHUNK) {
		uint64_t entries[DIR_CHUNK];
		size_t n = len - i < DIR_CHUNK ? len - i : DIR_CHUNK, distinct = 0;
		int rc = mem_read(w->pid, dir + i * sizeof(*entries), entries, n * sizeof(*entries),
				  e);

		if (rc == -EFAULT)
			return not_a_map(w, e, "its directory", dir);
		if (rc)
			return rc;
		for (size_t j = 0; j < n; j++) {
			*hash = u64_mix(*hash, entries[j]);
			if (entries[j] != previous || !entries[j])
				entries[distinct++] = previous = entries[j];
		}
		rc = capacity ? add_tables(w, l, entries, distinct, capacity, e) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* The fields of a Map's header, checked one by one. */
struct swiss_header {
	uint64_t used, seed, dir, len;
};

static int read_swiss_header(const struct where *w, const struct gobin_layout *l,
			     struct swiss_header *ret, struct err *e)
{
	uint8_t header[MAP_HEADER];
	struct span h = { header, sizeof(header) };
	int rc = mem_read(w->pid, w->addr, header, sizeof(header), e);

	if (rc)
		return rc;
	if (!span_u64(h, 0, &ret->used) || !span_u64(h, l->map_seed, &ret->seed) ||
	    !span_u64(h, l->map_dirptr, &ret->dir) || !span_u64(h, l->map_dirlen, &ret->len))
		return err_set(e, -EINVAL,
			       "layout: Map.seed at 0x%x, dirLen at 0x%x are not in the header",
			       l->map_seed, l->map_dirlen);
	if (ret->len > DIR_MAX || ret->len & (ret->len - 1))
		return not_a_map(w, e, "dirLen", ret->len);
	if (ret->dir & 7 || (ret->len && !ret->dir))
		return not_a_map(w, e, "dirPtr", ret->dir);
	return 0;
}

/* The one group of a small map: as many control bytes of full slots as the map has entries. */
static int check_group(const struct where *w, const struct swiss_header *h, struct err *e)
{
	uint64_t control = 0, full;
	int rc = mem_read(w->pid, h->dir, &control, sizeof(control), e);

	if (rc)
		return rc == -EFAULT ? not_a_map(w, e, "dirPtr", h->dir) : rc;
	full = (uint64_t)__builtin_popcountll(~control & CONTROL_EMPTY);
	return full == h->used ? 0 : not_a_map(w, e, "used", h->used);
}

/*
 * A table that is replaced while we read is soon something else: the directory is read again
 * afterwards, and only if it is still the same, its tables were what they were taken for.
 */
static int swiss_map(const struct where *w, const struct gobin_layout *l, struct target_map *ret,
		     struct err *e)
{
	int rc = 0;

	for (unsigned int i = 0; i < MAX_TRIES; i++) {
		uint64_t capacity = 0, hash, hash_after;
		struct swiss_header h, after;

		rc = read_swiss_header(w, l, &h, e);
		if (!rc && h.len) {
			rc = read_directory(w, l, h.dir, h.len, &capacity, &hash, e);
			if (!rc)
				rc = read_swiss_header(w, l, &after, e);
			if (!rc)
				rc = read_directory(w, l, after.dir, after.len, NULL, &hash_after,
						    e);
			if (rc == -EBADMSG || (!rc && hash != hash_after))
				continue;
		} else if (!rc && h.dir) {
			capacity = GROUP_SLOTS;
			rc = check_group(w, &h, e);
		}
		if (rc)
			return rc;
		if (h.used > capacity)
			return not_a_map(w, e, "used", h.used);
		*ret = (struct target_map){ h.used, capacity, h.seed };
		return 0;
	}
	return rc ? rc : not_a_map(w, e, "a directory that keeps changing", 0);
}

static int read_classic(const struct where *w, const struct gobin_layout *l, struct target_map *ret,
			struct err *e)
{
	uint8_t header[MAP_HEADER];
	int rc = mem_read(w->pid, w->addr, header, sizeof(header), e);

	return rc ? rc : classic_map(w, l, (struct span){ header, sizeof(header) }, ret, e);
}

int mem_read_map(pid_t pid, const struct gobin_layout *l, bool swiss, uint64_t addr,
		 struct target_map *ret, struct err *e)
{
	const struct where w = { pid, addr };
	struct target_map m;
	int rc = swiss ? swiss_map(&w, l, &m, e) : read_classic(&w, l, &m, e);

	if (!rc)
		*ret = m;
	return rc;
}
