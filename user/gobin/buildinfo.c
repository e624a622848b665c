// SPDX-License-Identifier: Apache-2.0
/*
 * The build info blob, 16-byte aligned, at the start of section .go.buildinfo, or somewhere in a
 * writable segment (debug/buildinfo/buildinfo.go reads it, cmd/link/internal/ld/data.go writes it):
 *
 *	+0   "\xff Go buildinf:"
 *	+14  size of a pointer
 *	+15  flags: 1 big-endian, 2 strings inline
 *
 * Up to Go 1.17 two pointers to Go strings {address, length} follow at +16: version, modinfo.
 * From 1.18 on both strings follow at +32, each as a uvarint length and its bytes.
 *
 * modinfo is text between two 16-byte sentinels, in lines of tab-separated fields:
 *
 *	path	example.com/cmd/foo
 *	mod	example.com	v1.2.3	h1:...
 *	dep	...
 *	build	GOEXPERIMENT=noswissmap
 */
#include "gobin/buildinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MAGIC	    "\xff Go buildinf:"
#define MAGIC_LEN   14
#define ALIGN	    16
#define PTRSIZE	    14
#define FLAGS	    15
#define POINTERS    16
#define INLINE	    32
#define SENTINEL    16
#define VERSION_MAX 256
#define VALUE_MAX   4096 /* longer paths are cut */
/*
 * The linker puts the blob first, and Go's own reader looked no further than 64 KiB
 * (debug/buildinfo, up to 1.21). A file full of holes can be as long as it likes.
 */
#define SEARCH_MAX (1u << 20)

enum { FLAG_BIG_ENDIAN = 1, FLAG_INLINE = 2 };

#define _cleanup_buildinfo_ __attribute__((cleanup(buildinfo_deinit)))

void buildinfo_deinit(struct buildinfo *bi)
{
	free(bi->version);
	free(bi->module);
	free(bi->module_version);
	*bi = (struct buildinfo){ 0 };
}

/*
 * The magic at a 16-byte aligned address of a segment, in its first SEARCH_MAX bytes; the rest of
 * the segment from there.
 */
static bool search(struct span s, uint64_t vaddr, struct span *ret)
{
	size_t len = s.len < SEARCH_MAX ? s.len : SEARCH_MAX;
	const uint8_t *at = s.data;

	if (!len)
		return false;
	while ((at = memmem(at, len - (size_t)(at - s.data), MAGIC, MAGIC_LEN))) {
		size_t off = (size_t)(at - s.data);

		if ((vaddr + off) % ALIGN == 0)
			return span_sub(s, off, s.len - off, ret);
		at++;
	}
	return false;
}

static bool find_blob(const struct image *img, struct span *ret)
{
	struct image_section sec;

	if (image_section(img, ".go.buildinfo", &sec) && search(sec.data, sec.addr, ret))
		return true;
	for (size_t i = 0; i < img->nloads; i++) {
		const struct image_load *l = &img->loads[i];

		if (l->write && search(image_load_bytes(img, l), l->vaddr, ret))
			return true;
	}
	return false;
}

/* The Go string whose header {address, length} is at addr. */
static bool string_at(const struct image *img, uint64_t addr, struct span *ret)
{
	uint64_t data, len;

	return image_u64(img, addr, &data) && image_u64(img, addr + 8, &len) &&
	       image_bytes(img, data, len, ret);
}

static int read_pointers(const struct image *img, struct span blob, struct span *version,
			 struct span *modinfo, struct err *e)
{
	uint8_t ptrsize = blob.data[PTRSIZE];
	uint64_t vp, mp;

	if (ptrsize != 8 || (blob.data[FLAGS] & FLAG_BIG_ENDIAN))
		return err_set(e, -EBADMSG, "build info: %u-byte pointers, flags %u", ptrsize,
			       blob.data[FLAGS]);
	if (!span_u64(blob, POINTERS, &vp) || !span_u64(blob, POINTERS + 8, &mp) ||
	    !string_at(img, vp, version))
		return err_set(e, -EBADMSG, "build info: version string outside of the file");
	if (!mp || !string_at(img, mp, modinfo))
		*modinfo = (struct span){ 0 };
	return 0;
}

static int read_inline(struct span blob, struct span *version, struct span *modinfo, struct err *e)
{
	struct reader r = reader_of(blob);
	uint64_t len;

	reader_bytes(&r, INLINE);
	len = reader_uvarint(&r);
	*version = (struct span){ reader_bytes(&r, len), len };
	len = reader_uvarint(&r);
	*modinfo = (struct span){ reader_bytes(&r, len), len };
	if (r.failed)
		return err_set(e, -EBADMSG, "build info: string at +0x%zx: past the end", r.off);
	return 0;
}

/* The modinfo between its sentinels; nothing when they are not there. */
static struct span strip_sentinels(struct span s)
{
	struct span ret = { 0 };

	if (s.len > 2 * SENTINEL && s.data[s.len - SENTINEL - 1] == '\n')
		span_sub(s, SENTINEL, s.len - 2 * SENTINEL, &ret);
	return ret;
}

/* Takes the bytes up to sep (or all) off the front of s, and the separator. */
static struct span cut(struct span *s, char sep)
{
	const uint8_t *end = s->len ? memchr(s->data, sep, s->len) : NULL;
	size_t len = end ? (size_t)(end - s->data) : s->len;
	size_t skip = end ? len + 1 : len;
	struct span ret = { s->data, len };

	*s = (struct span){ s->data + skip, s->len - skip };
	return ret;
}

static bool equal(struct span s, const char *to)
{
	return s.len == strlen(to) && (!s.len || !memcmp(s.data, to, s.len));
}

/* A copy with '?' for control characters: it will be printed. */
static char *copy(struct span s)
{
	char *p;

	s.len = s.len < VALUE_MAX ? s.len : VALUE_MAX;
	p = malloc(s.len + 1);
	if (!p)
		return NULL;
	for (size_t i = 0; i < s.len; i++)
		p[i] = s.data[i] < ' ' || s.data[i] == 0x7f ? '?' : (char)s.data[i];
	p[s.len] = '\0';
	return p;
}

static int read_modinfo(struct span s, struct buildinfo *bi)
{
	struct span path = { 0 }, mod = { 0 }, version = { 0 };

	while (s.len) {
		struct span line = cut(&s, '\n');
		struct span kind = cut(&line, '\t');
		struct span value = cut(&line, '\t');

		if (equal(kind, "path")) {
			path = value;
		} else if (equal(kind, "mod")) {
			mod = value;
			version = cut(&line, '\t');
		}
	}
	bi->module = copy(mod.len ? mod : path);
	bi->module_version = copy(version);
	return bi->module && bi->module_version ? 0 : -ENOMEM;
}

int buildinfo_read(const struct image *img, struct buildinfo *ret, struct err *e)
{
	_cleanup_buildinfo_ struct buildinfo bi = { 0 };
	struct span blob, version, modinfo;
	int rc;

	if (!find_blob(img, &blob))
		return err_set(e, -ENOEXEC,
			       "not a Go program: no Go build info (section .go.buildinfo)");
	if (blob.len < INLINE)
		return err_set(e, -EBADMSG, "build info: %zu bytes, its header has %u", blob.len,
			       INLINE);
	if (blob.data[FLAGS] & FLAG_INLINE)
		rc = read_inline(blob, &version, &modinfo, e);
	else
		rc = read_pointers(img, blob, &version, &modinfo, e);
	if (rc)
		return rc;
	if (!version.len || version.len > VERSION_MAX)
		return err_set(e, -EBADMSG, "build info: a version of %zu bytes", version.len);
	bi.version = copy(version);
	if (!bi.version || read_modinfo(strip_sentinels(modinfo), &bi))
		return err_set(e, -ENOMEM, "build info: out of memory");
	*ret = bi;
	bi = (struct buildinfo){ 0 };
	return 0;
}

int buildinfo_read_file(const char *path, struct buildinfo *ret, struct err *e)
{
	struct image img = { 0 };
	int rc = image_open(path, &img, e);

	if (!rc)
		rc = buildinfo_read(&img, ret, e);
	image_close(&img);
	return rc;
}
