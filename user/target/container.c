// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel knows no containers: it knows control groups and namespaces. Every runtime gives a
 * container a control group whose path has the container's id in a form of its own;
 * /proc/PID/cgroup has that path, once for each hierarchy of version 1 ("4:memory:/docker/ID") and
 * once for version 2 ("0::/system.slice/docker-ID.scope"), as seen from the reader's own control
 * group namespace:
 *
 *	/docker/ID				docker, cgroupfs driver
 *	/system.slice/docker-ID.scope		docker, systemd driver
 *	/kubepods/burstable/podUID/ID		kubelet, cgroupfs driver
 *	/kubepods.slice/../kubepods-burstable-podU_I_D.slice/cri-containerd-ID.scope
 *						kubelet, systemd driver (also crio-, docker-)
 *	/system.slice/containerd.service/kubepods-podUID.slice:cri-containerd:ID
 *						a path for systemd, taken by the cgroupfs driver
 *	/default/ID, /system.slice/nerdctl-ID.scope
 *						containerd without Kubernetes
 *	/machine.slice/libpod-ID.scope/container
 *						podman
 *	/machine.slice/machine-NAME.scope/payload/..,
 *	/machine.slice/systemd-nspawn@NAME.service/payload/..
 *						systemd-nspawn
 *	/lxc/NAME, /lxc.payload.NAME/..		LXC, LXD, Incus
 *
 * ID is 64 hex digits. What is below is the container's own business (init.scope, system.slice/..).
 * The processes that watch a container from outside (crio-conmon-ID.scope, libpod-conmon-ID.scope,
 * lxc.monitor.NAME, nspawn's supervisor) are not in it.
 *
 * Sources: runc libcontainer/cgroups/systemd/common.go (getUnitName), kubelet
 * pkg/kubelet/cm/cgroup_manager_linux.go (CgroupName.ToSystemd, ToCgroupfs), podman
 * libpod/container_internal_linux.go, systemd src/nspawn/nspawn-cgroup.c, lxc src/lxc/cgroups.
 */
#include "target/container.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "target/proc.h"

#define ID_DIGITS      64
#define POD_UUID       36
#define POD_HASH       32 /* of pods that the kubelet has from a file */
#define HEX_DIGITS     "0123456789abcdef"
#define COMPONENT_MAX  256
#define DELETED_SUFFIX " (deleted)" /* the control group is gone, the process is not */

enum id_kind { ID_HEX, ID_NAME };

static const struct form {
	const char *prefix, *suffix;
	const char *runtime;
	enum id_kind kind;
} forms[] = {
	{ "docker-", ".scope", "docker", ID_HEX },
	{ "cri-containerd-", ".scope", "containerd", ID_HEX },
	{ "nerdctl-", ".scope", "containerd", ID_HEX },
	{ "crio-", ".scope", "cri-o", ID_HEX },
	{ "crio-", "", "cri-o", ID_HEX },
	{ "libpod-", ".scope", "podman", ID_HEX },
	{ "libpod-", "", "podman", ID_HEX },
	{ "machine-", ".scope", "nspawn", ID_NAME },
	{ "systemd-nspawn@", ".service", "nspawn", ID_NAME },
	{ "lxc.payload.", "", "lxc", ID_NAME },
};

/* Groups below which a component is nothing but an id. */
static const struct parent {
	const char *name, *runtime;
	enum id_kind kind;
} parents[] = {
	{ "docker", "docker", ID_HEX },
	{ "default", "containerd", ID_HEX }, /* containerd's namespaces */
	{ "k8s.io", "containerd", ID_HEX },
	{ "lxc", "lxc", ID_NAME },
	{ "lxc.payload", "lxc", ID_NAME },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_hex_id(const char *s)
{
	return strlen(s) == ID_DIGITS && strspn(s, HEX_DIGITS) == ID_DIGITS;
}

/* Undoes systemd's escapes in the names of units: "\x2d" is '-' (systemd.unit(5)). */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		unsigned int c;
		int n = 0;

		if (sscanf(s, "\\x%2x%n", &c, &n) == 1 && n == 4 && c) {
			*to++ = (char)c;
			s += n;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

static bool take_id(struct container *c, const char *runtime, enum id_kind kind, const char *id)
{
	if (!*id || strlen(id) >= sizeof(c->id) || (kind == ID_HEX && !is_hex_id(id)))
		return false;
	c->runtime = runtime;
	snprintf(c->id, sizeof(c->id), "%s", id);
	return true;
}

/* "docker-ID.scope" and the like; name is cut up. */
static bool match_form(struct container *c, char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < COUNT(forms); i++) {
		const struct form *f = &forms[i];
		size_t before = strlen(f->prefix), after = strlen(f->suffix);
		char id[COMPONENT_MAX];

		if (len <= before + after || strncmp(name, f->prefix, before) ||
		    strcmp(name + len - after, f->suffix))
			continue;
		snprintf(id, sizeof(id), "%.*s", (int)(len - before - after), name + before);
		unescape(id);
		/* libvirt's virtual machines are machines of systemd too, and not containers. */
		if (f->kind == ID_NAME && !strncmp(id, "qemu-", 5))
			continue;
		if (take_id(c, f->runtime, f->kind, id))
			return true;
	}
	return false;
}

/* "SLICE:cri-containerd:ID", where the prefix is that of a form. */
static bool match_colons(struct container *c, const char *name)
{
	const char *prefix = strchr(name, ':'), *id = prefix ? strchr(prefix + 1, ':') : NULL;

	for (size_t i = 0; id && i < COUNT(forms); i++) {
		size_t len = strlen(forms[i].prefix) - 1;

		if (forms[i].kind == ID_HEX && (size_t)(id - prefix - 1) == len &&
		    !strncmp(prefix + 1, forms[i].prefix, len))
			return take_id(c, forms[i].runtime, ID_HEX, id + 1);
	}
	return false;
}

static bool match_parent(struct container *c, const char *parent, const char *name)
{
	for (size_t i = 0; i < COUNT(parents); i++)
		if (!strcmp(parent, parents[i].name) &&
		    take_id(c, parents[i].runtime, parents[i].kind, name))
			return true;
	return take_id(c, *c->pod ? "kubernetes" : "container", ID_HEX, name);
}

/* The uid in "podUID" and in "kubepods-burstable-podU_I_D.slice", with dashes. */
static void match_pod(struct container *c, const char *name)
{
	const char *at = !strncmp(name, "pod", 3) ? name : strstr(name, "-pod");
	size_t len;

	if (!at)
		return;
	at += *at == '-' ? 4 : 3;
	len = strspn(at, HEX_DIGITS "-_");
	if ((len != POD_UUID && (len != POD_HASH || strspn(at, HEX_DIGITS) != len)) ||
	    (at[len] && at[len] != '.'))
		return;
	for (size_t i = 0; i < len; i++)
		c->pod[i] = at[i] == '_' ? '-' : at[i];
	c->pod[len] = 0;
}

/* One path, the innermost container in it. */
static bool parse_path(char *path, struct container *ret)
{
	bool in_pods = strstr(path, "kubepods");
	struct container c = { 0 };
	const char *parent = "";
	char *rest = NULL;

	for (char *name = strtok_r(path, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
		if (strlen(name) >= COMPONENT_MAX)
			continue;
		if (in_pods)
			match_pod(&c, name);
		if (c.runtime && !strcmp(c.runtime, "nspawn") && !strcmp(name, "supervisor"))
			c.runtime = NULL;
		else if (!match_form(&c, name) && !match_colons(&c, name))
			match_parent(&c, parent, name);
		parent = name;
	}
	if (c.runtime)
		*ret = c;
	return c.runtime;
}

bool container_parse(const char *text, struct container *ret)
{
	char *copy _cleanup_free_ = strdup(text), *rest = NULL;

	if (!copy)
		return false;
	for (char *l = strtok_r(copy, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		char *path = strchr(l, ':'), *end;

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		end = path + strlen(path) - strlen(DELETED_SUFFIX);
		if (end > path && !strcmp(end, DELETED_SUFFIX))
			*end = 0;
		if (parse_path(path + 1, ret))
			return true;
	}
	return false;
}

/* True when the process is one of a service of systemd: a line's path ends with ".service". */
static bool in_service(const char *text)
{
	static const char suffix[] = ".service";

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		size_t len = sizeof(suffix) - 1;

		if ((size_t)(end - text) > len && !strncmp(end - len, suffix, len))
			return true;
	}
	return false;
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool stat_all(const char *pid, struct container_host *ret)
{
	const struct {
		const char *name;
		struct stat *to;
	} what[] = { { "ns/mnt", &ret->mnt }, { "ns/pid", &ret->pid }, { "root/", &ret->root } };

	for (size_t i = 0; i < COUNT(what); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, what[i].name);
		if (stat(path, what[i].to))
			return false;
	}
	return true;
}

void container_host_init(struct container_host *h)
{
	if (!stat_all("1", h))
		stat_all("self", h);
}

/*
 * A service of systemd with PrivateTmp= or ProtectSystem= has a mount namespace of its own and is
 * no container: it has the host's processes and, but for RootDirectory= or RootImage=, the host's
 * root.
 */
static bool in_namespace(pid_t pid, const struct container_host *h, const char *cgroup)
{
	struct container_host its = { 0 };
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	if (!stat_all(number, &its))
		return false;
	if (!same_inode(&its.pid, &h->pid))
		return true;
	return !same_inode(&its.mnt, &h->mnt) &&
	       (!same_inode(&its.root, &h->root) || !in_service(cgroup));
}

void container_of_process(pid_t pid, const struct container_host *h, struct container *ret)
{
	char *text _cleanup_free_ = NULL;
	struct err unused;

	*ret = (struct container){ 0 };
	if (proc_read_whole(pid, "cgroup", "read its control group", &text, &unused))
		return;
	if (!container_parse(text, ret) && in_namespace(pid, h, text))
		ret->runtime = "namespace";
}
