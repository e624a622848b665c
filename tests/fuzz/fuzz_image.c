// SPDX-License-Identifier: Apache-2.0
/* An ELF file as a whole: headers, sections, symbols, build id. Input: the file. */
#include "fuzz.h"

static void ask_section(const struct image *img, const char *name)
{
	struct image_section s;

	if (!image_section(img, name, &s))
		return;
	fuzz_check(!strcmp(s.name, name));
	if (s.data.len)
		fuzz_check(s.data.data >= img->file.data &&
			   s.data.data + s.data.len <= img->file.data + img->file.len);
}

static void ask_address(const struct image *img, uint64_t addr)
{
	uint64_t off, value;
	struct span s;

	if (image_bytes(img, addr, 1, &s)) {
		fuzz_check(image_offset(img, addr, &off));
		fuzz_check(s.data == img->file.data + off && off < img->file.len);
	}
	image_u64(img, addr, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const sections[] = { ".gopclntab", ".go.buildinfo", ".text", "" };
	struct image_section sec;
	char build_id[64];
	struct image img;
	struct err e = { 0 };
	uint64_t addr;
	int rc = image_read((struct span){ data, size }, &img, &e);

	if (rc) {
		fuzz_check_err(rc, &e);
		return 0;
	}
	fuzz_check(img.nloads && img.nloads <= IMAGE_MAX_LOADS);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		ask_section(&img, sections[i]);
	image_section_of_type(&img, SHT_SYMTAB, &sec);
	image_symbol(&img, "runtime.gcController", &addr);
	image_build_id(&img, build_id, sizeof(build_id));
	fuzz_check(strlen(build_id) < sizeof(build_id));
	for (size_t i = 0; i < img.nloads; i++) {
		const struct image_load *l = &img.loads[i];
		struct span s = image_load_bytes(&img, l);

		fuzz_check(s.len <= size && s.data >= data && s.data + s.len <= data + size);
		ask_address(&img, l->vaddr);
		ask_address(&img, l->vaddr + l->filesz - 1);
		ask_address(&img, l->vaddr + l->filesz);
		ask_address(&img, l->vaddr - 1);
	}
	image_close(&img);
	return 0;
}
