// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map writes and growth. A site's reg[]: map, type, table (Swiss) or old bucket (evacuate), new
 * capacity. The length is the first word of both kinds of map.
 */
#include "emit.bpf.h"

/* hashGrow: doubles unless only overflow buckets are to be cleaned up (runtime/map.go, 1.17-1.23).
 */
static __always_inline __u64 classic_caps(__u64 map)
{
	__u64 entries = read_u64(map) + 1, most;
	__u8 b = 0;

	bpf_probe_read_user(&b, sizeof(b), (void *)(map + cfg.hmap_b));
	if (b > 60)
		return 0;
	/* overLoadFactor(count+1, B): loadFactorNum*(bucketShift(B)/loadFactorDen) */
	most = cfg.hmap_load * ((1ull << b) / 2);
	return abi_caps(8ull << b, entries > 8 && entries > most ? 16ull << b : 8ull << b);
}

static __always_inline __u64 swiss_caps(struct pt_regs *ctx, const struct abi_site *site)
{
	__u64 table = reg(ctx, site->reg[2]);
	__u16 old = 0;

	if (site->event == ABI_MAP_GROW_SMALL)
		return abi_caps(0, 8);
	if (site->event == ABI_MAP_GROW_TABLE)
		return abi_caps(8, 16);
	bpf_probe_read_user(&old, sizeof(old), (void *)(table + cfg.table_capacity));
	if (site->event == ABI_MAP_SPLIT)
		return abi_caps(old, 2 * old);
	return abi_caps(old, reg(ctx, site->reg[3]) & 0xffff);
}

SEC("uprobe")
int on_map(struct pt_regs *ctx)
{
	struct passage p;

	if (!passage_begin(ctx, &p))
		return 0;
	p.arg[0] = reg(ctx, p.site.reg[0]);
	p.arg[1] = reg(ctx, p.site.reg[1]);
	if (p.site.event <= ABI_MAP_CLEAR)
		p.arg[2] = read_u64(p.arg[0]);
	else if (p.site.event == ABI_MAP_EVACUATE)
		p.arg[2] = reg(ctx, p.site.reg[2]);
	else
		p.arg[2] = cfg.swiss ? swiss_caps(ctx, &p.site) : classic_caps(p.arg[0]);
	passage_end(ctx, &p);
	return 0;
}

char LICENSE[] SEC("license") __weak = "GPL";
