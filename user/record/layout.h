/* SPDX-License-Identifier: Apache-2.0 */
/* The event file's numbers, for writer and replay; record.h describes the layout. */
#ifndef MAPPROBE_RECORD_LAYOUT_H
#define MAPPROBE_RECORD_LAYOUT_H

#include <stdint.h>

#define RECORD_MAGIC	   "mapprobe" /* without the NUL */
#define RECORD_MAGIC_LEN   8
#define RECORD_VERSION	   1
#define RECORD_FILE_HEADER 16 /* magic, u32 version, u32 0 */

#define RECORD_BLOCK_MAGIC  0x4b42504d	 /* "MPBK" */
#define RECORD_BLOCK_HEADER 16		 /* u32 magic, payload bytes, crc32, number */
#define RECORD_BLOCK_BYTES  (256u << 10) /* a block is written when it has grown to this */
#define RECORD_BLOCK_MAX    (4u << 20)	 /* the largest payload that is read */

#endif
