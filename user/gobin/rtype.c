// SPDX-License-Identifier: Apache-2.0
/*
 * A type descriptor, abi.Type (internal/abi/type.go; runtime/type.go up to 1.20), 48 bytes:
 *
 *	+0x00 u64 size           +0x14 u8 tflag        +0x18 equal
 *	+0x08 u64 ptrBytes       +0x15 u8 align        +0x20 gcdata
 *	+0x10 u32 hash           +0x16 u8 fieldAlign   +0x28 i32 str
 *	                         +0x17 u8 kind         +0x2c i32 ptrToThis
 *
 * str is an offset from moduledata.types to a name: a byte of flags, a uvarint length, the bytes.
 * Names are shared between T and *T: with TFlagExtraStar the name is that of *T and its first
 * character is left out. All of it lies between moduledata.types and etypes.
 */
#include "gobin/rtype.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_SIZE = 0x00,
	TYPE_PTR_BYTES = 0x08,
	TYPE_TFLAG = 0x14,
	TYPE_ALIGN = 0x15,
	TYPE_FIELD_ALIGN = 0x16,
	TYPE_KIND = 0x17,
	TYPE_STR = 0x28,
	TYPE_LEN = 0x30,
};

#define TFLAG_EXTRA_STAR 2
/* The bits above are flags up to 1.25 (KindDirectIface, KindGCProg). */
#define KIND_MASK    0x1f
#define KIND_LAST    26 /* UnsafePointer */
#define ALIGN_MAX    64
#define NAME_LEN_MAX 65536

static bool align_ok(uint8_t align)
{
	return align && align <= ALIGN_MAX && !(align & (align - 1));
}

/* Whether what lies there can be a type descriptor at all. */
static bool plausible(struct span type)
{
	uint64_t size = 0, ptr_bytes = 0;
	uint8_t kind = 0, align = 0, field_align = 0;

	span_u64(type, TYPE_SIZE, &size);
	span_u64(type, TYPE_PTR_BYTES, &ptr_bytes);
	span_u8(type, TYPE_KIND, &kind);
	span_u8(type, TYPE_ALIGN, &align);
	span_u8(type, TYPE_FIELD_ALIGN, &field_align);
	kind &= KIND_MASK;
	return ptr_bytes <= size && kind && kind <= KIND_LAST && align_ok(align) &&
	       align_ok(field_align);
}

/* Names are source text: UTF-8 without control characters. */
static bool printable(const uint8_t *s, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] == 0x7f)
			return false;
	return len;
}

/* The name at offset off from types; false if there is none. */
static bool read_name(const struct image *img, const struct moduledata *md, uint32_t off,
		      struct span *ret)
{
	uint64_t addr = md->types + off, len;
	const uint8_t *data;
	struct reader r;
	struct span s;

	if (!off || addr >= md->etypes || !image_bytes(img, addr, 1, &s))
		return false;
	/* As much of the rest as is in the file; a name that is cut off fails in the reader. */
	s.len = (size_t)(img->file.data + img->file.len - s.data);
	if (s.len > md->etypes - addr)
		s.len = md->etypes - addr;
	r = reader_of(s);
	reader_u8(&r);
	len = reader_uvarint(&r);
	if (len > NAME_LEN_MAX)
		return false;
	data = reader_bytes(&r, len);
	if (!data || !printable(data, len))
		return false;
	*ret = (struct span){ data, len };
	return true;
}

int rtype_name(const struct image *img, const struct moduledata *md, uint64_t addr, char **ret,
	       struct err *e)
{
	struct span type, name;
	uint32_t str = 0;
	uint8_t tflag = 0;
	char *copy;

	if (addr < md->types || addr >= md->etypes)
		return err_set(e, -ENOENT, "type at 0x%lx: not in the types, 0x%lx to 0x%lx", addr,
			       md->types, md->etypes);
	if (addr % 8 || !image_bytes(img, addr, TYPE_LEN, &type) || !plausible(type))
		return err_set(e, -ENOENT, "type at 0x%lx: not a type", addr);
	span_u32(type, TYPE_STR, &str);
	span_u8(type, TYPE_TFLAG, &tflag);
	if (!read_name(img, md, str, &name))
		return err_set(e, -ENOENT, "type at 0x%lx: no name at +0x%x of the types", addr,
			       str);
	if ((tflag & TFLAG_EXTRA_STAR) && name.len > 1 && name.data[0] == '*')
		name = (struct span){ name.data + 1, name.len - 1 };
	copy = strndup((const char *)name.data, name.len);
	if (!copy)
		return err_set(e, -ENOMEM, "type at 0x%lx: out of memory", addr);
	*ret = copy;
	return 0;
}
