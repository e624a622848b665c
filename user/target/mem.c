// SPDX-License-Identifier: Apache-2.0
#include "target/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/uio.h>

static int read_error(struct err *e, int code, pid_t pid, uint64_t addr, size_t len)
{
	switch (code) {
	case -ESRCH:
		return err_set(e, code, "process %d: no such process", pid);
	case -EPERM:
		return err_set(e, code,
			       "process %d: may not read its memory: CAP_SYS_PTRACE is needed "
			       "(sudo setcap cap_sys_ptrace+ep)",
			       pid);
	case -EFAULT:
		return err_set(e, code, "process %d: no memory at 0x%" PRIx64 " (%zu bytes)", pid,
			       addr, len);
	default:
		return err_sys(e, code, "process %d: cannot read memory at 0x%" PRIx64, pid, addr);
	}
}

int mem_read(pid_t pid, uint64_t addr, void *dst, size_t len, struct err *e)
{
	size_t done = 0;

	if (addr + len < addr)
		return read_error(e, -EFAULT, pid, addr, len);
	while (done < len) {
		struct iovec to = { (char *)dst + done, len - done };
		struct iovec from = { (void *)(uintptr_t)(addr + done), len - done };
		ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

		if (n < 0)
			return read_error(e, -errno, pid, addr, len);
		if (n == 0)
			return read_error(e, -EFAULT, pid, addr, len);
		done += n; /* short of a page that is not there: the next call says so */
	}
	return 0;
}

int mem_read_u16s(pid_t pid, const uint64_t *addrs, size_t n, uint16_t *dst, struct err *e)
{
	struct iovec from[MEM_MAX_PIECES], to = { dst, n * sizeof(*dst) };
	ssize_t got;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		from[i] = (struct iovec){ (void *)(uintptr_t)addrs[i], sizeof(*dst) };
	got = process_vm_readv(pid, &to, 1, from, n, 0);
	if (got < 0)
		return read_error(e, -errno, pid, addrs[0], sizeof(*dst));
	if ((size_t)got < to.iov_len)
		return read_error(e, -EFAULT, pid, addrs[got / sizeof(*dst)], sizeof(*dst));
	return 0;
}
