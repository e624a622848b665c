// SPDX-License-Identifier: Apache-2.0
/*
 * Some programs are linked without build info (npm's esbuild). The linker sets the string variable
 * runtime.buildVersion all the same, and so that it is never left out of the program,
 * runtime.schedinit (runtime/proc.go, from before 1.17 up to 1.27) compares its length with 0:
 *
 *	cmpq $0, buildVersion+8(rip)
 *
 * So: read the pclntab as each release in turn would have it, find runtime.schedinit, and look at
 * what its instructions may refer to: 32-bit distances, followed by up to one byte. A place that
 * holds a string header {address, length} of a Go version is the variable; all such places must
 * say the same.
 */
#include "gobin/buildversion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gobin/gobin.h"
#include "gobin/layout.h"
#include "gobin/moduledata.h"
#include "gobin/pclntab.h"

#define VERSION_MAX 128
#define FUNC_MAX    65536 /* bytes of schedinit; it has about 2000 */

static bool printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	return true;
}

/* The Go version whose string header is at addr. */
static bool version_at(const struct image *img, uint64_t addr, char ret[VERSION_MAX])
{
	char text[VERSION_MAX];
	struct go_version v;
	uint64_t at, len;
	struct span s;

	if (!image_u64(img, addr, &at) || !image_u64(img, addr + 8, &len) || len >= VERSION_MAX ||
	    !image_bytes(img, at, len, &s) || !printable(s))
		return false;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	if (!go_version_parse(text, &v))
		return false;
	strcpy(ret, text);
	return true;
}

/* The one version that the code refers to; false for none, or several. */
static bool version_in(const struct image *img, const struct gobin_func *f, char ret[VERSION_MAX])
{
	char version[VERSION_MAX] = "", other[VERSION_MAX];
	struct span code;
	uint32_t distance;

	if (f->end - f->addr > FUNC_MAX || !image_bytes(img, f->addr, f->end - f->addr, &code))
		return false;
	for (uint64_t off = 0; span_u32(code, off, &distance); off++) {
		uint64_t next = f->addr + off + sizeof(distance);

		for (uint64_t after = 0; after <= 1; after++) {
			uint64_t length = next + after + (uint64_t)(int32_t)distance;

			if (!version_at(img, length - 8, other))
				continue;
			if (*version && strcmp(version, other))
				return false;
			strcpy(version, other);
		}
	}
	strcpy(ret, version);
	return *version;
}

/* What the program says when it is read as that minor release. */
static bool read_as(const struct image *img, uint16_t minor, char ret[VERSION_MAX])
{
	struct gobin_func schedinit = { 0 };
	struct pclntab_format format;
	struct gobin_layout layout;
	struct moduledata md;
	struct pclntab t;
	struct err unused;

	layout_of_minor(minor, &layout);
	if (pclntab_format(&layout, minor, &format, &unused) ||
	    pclntab_find(img, &format, &t, &unused) ||
	    moduledata_find(img, &layout, &t, &md, &unused))
		return false;
	moduledata_attach(&md, &t);
	pclntab_find_funcs(&t, &(const char *){ "runtime.schedinit" }, 1, &schedinit);
	return schedinit.addr && version_in(img, &schedinit, ret);
}

int buildversion_find(const struct image *img, char **ret, struct err *e)
{
	uint16_t oldest, newest;
	char version[VERSION_MAX];
	struct image_section sec;

	/* Where there is no such section, the magic would have to be searched in all of the file.
	 */
	if (!image_section(img, ".gopclntab", &sec) &&
	    !image_section(img, ".data.rel.ro.gopclntab", &sec))
		return err_set(e, -ENOEXEC,
			       "not a Go program: no Go build info (section .go.buildinfo), no "
			       "section .gopclntab");
	layout_range(&oldest, &newest);
	for (uint16_t minor = newest; minor >= oldest; minor--) {
		if (!read_as(img, minor, version))
			continue;
		*ret = strdup(version);
		return *ret ? 0 : err_set(e, -ENOMEM, "runtime.buildVersion: out of memory");
	}
	return err_set(e, -ENOTSUP,
		       "a Go program of unknown version: no Go build info, and runtime.schedinit "
		       "refers to no runtime.buildVersion (read as go1.%u to go1.%u)",
		       oldest, newest);
}
