/* SPDX-License-Identifier: Apache-2.0 */
/* Call frame information of a file: whether code keeps a frame pointer. */
#ifndef MAPPROBE_TARGET_EHFRAME_H
#define MAPPROBE_TARGET_EHFRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "gobin/image.h"

/*
 * Whether the frame is counted from rbp at the instruction that holds this link-time address, with
 * rbp's old value and the return address where they belong. False also where the file
 * does not tell.
 */
bool ehframe_keeps_frame_pointer(const struct image *img, uint64_t addr);

#endif
