/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* x86 condition codes: which edge of a conditional jump a thread is about to take. Plain C, so that
 * the unit tests run the very code that the kernel side does. */
#ifndef MAPPROBE_COND_H
#define MAPPROBE_COND_H

/* Whether x86 condition code cc holds: the low nibble of jcc, whose bit 0 negates. */
static inline __attribute__((always_inline)) int cond_holds(unsigned long flags, unsigned char cc)
{
	int cf = flags & 1, pf = flags >> 2 & 1, zf = flags >> 6 & 1, sf = flags >> 7 & 1,
	    of = flags >> 11 & 1, v = 0;

	switch (cc >> 1) {
	case 0:
		v = of;
		break;
	case 1:
		v = cf;
		break;
	case 2:
		v = zf;
		break;
	case 3:
		v = cf | zf;
		break;
	case 4:
		v = sf;
		break;
	case 5:
		v = pf;
		break;
	case 6:
		v = sf ^ of;
		break;
	case 7:
		v = zf | (sf ^ of);
		break;
	}
	return v != (cc & 1);
}

#endif
