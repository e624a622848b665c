// SPDX-License-Identifier: Apache-2.0
/* Paths of control groups, as the runtimes make them, and as they should not be taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/container.h"

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER	"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID	"1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define UID_SD	"1b4e28ba_2fa1_11d2_883f_0016d3cca427"
#define HASH	"0011223344556677889900aabbccddee"
#define BURST	"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_SD ".slice/"
#define KUBELET "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_SD ".slice/"

static const struct {
	const char *text, *runtime, *id, *pod;
} in_one[] = {
	/* docker, version 2 and 1 */
	{ "0::/docker/" ID "\n", "docker", ID, "" },
	{ "0::/system.slice/docker-" ID ".scope\n", "docker", ID, "" },
	{ "12:cpu,cpuacct:/docker/" ID "\n11:memory:/docker/" ID "\n0::/\n", "docker", ID, "" },
	{ "3:name=systemd:/\n2:pids:/system.slice/docker-" ID ".scope\n0::/init.scope\n", "docker",
	  ID, "" },
	/* its own init system inside */
	{ "0::/docker/" ID "/init.scope\n", "docker", ID, "" },
	{ "0::/docker/" ID "/system.slice/web.service\n", "docker", ID, "" },
	/* seen from a container beside it; the group removed meanwhile; no newline */
	{ "0::/../docker-" OTHER ".scope\n", "docker", OTHER, "" },
	{ "0::/docker/" ID " (deleted)\n", "docker", ID, "" },
	{ "0::/docker/" ID, "docker", ID, "" },
	/* Kubernetes */
	{ "0::" BURST "cri-containerd-" ID ".scope\n", "containerd", ID, UID },
	{ "0::" BURST "crio-" ID ".scope\n", "cri-o", ID, UID },
	{ "0::" BURST "crio-" ID ".scope/container\n", "cri-o", ID, UID },
	{ "0::" BURST "docker-" ID ".scope\n", "docker", ID, UID },
	{ "5:memory:/kubepods/burstable/pod" UID "/" ID "\n", "kubernetes", ID, UID },
	{ "5:memory:/kubepods/pod" UID "/crio-" ID "\n", "cri-o", ID, UID },
	{ "0::/kubepods/besteffort/pod" HASH "/" ID "\n", "kubernetes", ID, HASH },
	{ "0::/system.slice/containerd.service/kubepods-burstable-pod" UID_SD
	  ".slice:cri-containerd:" ID "\n",
	  "containerd", ID, UID },
	{ "0::/../../kubepods-pod" UID_SD ".slice/cri-containerd-" OTHER ".scope\n", "containerd",
	  OTHER, UID },
	/* kind: a node that is a container itself */
	{ "0::/docker/" OTHER KUBELET "cri-containerd-" ID ".scope\n", "containerd", ID, UID },
	/* containerd by itself, podman */
	{ "0::/default/" ID "\n", "containerd", ID, "" },
	{ "0::/system.slice/nerdctl-" ID ".scope\n", "containerd", ID, "" },
	{ "0::/machine.slice/libpod-" ID ".scope/container\n", "podman", ID, "" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
	  ".scope/container\n",
	  "podman", ID, "" },
	{ "4:memory:/libpod_parent/libpod-" ID "\n", "podman", ID, "" },
	{ "0::/somebody/" ID "\n", "container", ID, "" },
	/* machines by name */
	{ "0::/machine.slice/machine-my\\x2dweb.scope/payload/system.slice/x.service\n", "nspawn",
	  "my-web", "" },
	{ "0::/machine.slice/systemd-nspawn@web.service/payload\n", "nspawn", "web", "" },
	{ "1:name=systemd:/machine.slice/machine-web.scope\n", "nspawn", "web", "" },
	{ "0::/lxc.payload.web/init.scope\n", "lxc", "web", "" },
	{ "0::/lxc.payload/web\n", "lxc", "web", "" },
	{ "9:devices:/lxc/101/ns/system.slice/x.service\n", "lxc", "101", "" },
	{ "0::/lxc.payload.web/docker/" ID "\n", "docker", ID, "" },
};

static const char *const in_none[] = {
	"",
	"\n",
	"0::/\n",
	"0::/user.slice/user-1000.slice/session-2.scope\n",
	"0::/system.slice/docker.service\n",
	"0::/system.slice/containerd.service\n",
	"0::/docker\n",
	"0::/docker/buildx\n",
	"0::/kubepods.slice/kubepods-burstable.slice\n",
	"0::" BURST "\n",
	/* who watches a container from outside */
	"0::" BURST "crio-conmon-" ID ".scope\n",
	"0::/machine.slice/libpod-conmon-" ID ".scope\n",
	"0::/machine.slice/machine-web.scope/supervisor\n",
	"0::/lxc.monitor.web\n",
	/* a virtual machine of libvirt's */
	"0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator\n",
	/* not quite ids */
	"0::/system.slice/docker-0123.scope\n",
	"0::/system.slice/docker-" ID "0.scope\n",
	"0::/system.slice/docker-" ID ".service\n",
	"0::/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n",
	"0::/process_api/" HASH "\n",
	"0::/lxc.payload.\n",
	/* no paths */
	"docker-" ID ".scope\n",
	"0:docker-" ID ".scope\n",
};

static void containers_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(in_one) / sizeof(in_one[0]); i++) {
		struct container c = { 0 };

		if (!container_parse(in_one[i].text, &c))
			fail_msg("in none: %s", in_one[i].text);
		assert_string_equal(c.runtime, in_one[i].runtime);
		assert_string_equal(c.id, in_one[i].id);
		assert_string_equal(c.pod, in_one[i].pod);
	}
}

static void others_are_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(in_none) / sizeof(in_none[0]); i++) {
		struct container c = { .id = "untouched" };

		if (container_parse(in_none[i], &c))
			fail_msg("%s %s: %s", c.runtime, c.id, in_none[i]);
		assert_string_equal(c.id, "untouched");
	}
}

/* Cut off anywhere, what is found is what is there: never part of an id, never part of a uid. */
static void cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(in_one) / sizeof(in_one[0]); i++) {
		for (size_t len = 0; len < strlen(in_one[i].text); len++) {
			char *copy = strndup(in_one[i].text, len);
			struct container c = { 0 };

			if (container_parse(copy, &c)) {
				assert_non_null(
					strstr(ID " " OTHER " my-web \\x2dweb 101 web", c.id));
				assert_true(!*c.pod || !strcmp(c.pod, in_one[i].pod));
			}
			free(copy);
		}
	}
}

static void long_names_are_no_trouble(void **state)
{
	const size_t size = 1 << 20;
	char *text = malloc(size);
	struct container c = { 0 };

	(void)state;
	memset(text, 'a', size);
	memcpy(text, "0::/lxc/", 8);
	text[size - 1] = 0;
	assert_false(container_parse(text, &c));
	for (size_t i = 8; i < size - 1; i += 2)
		text[i] = '/';
	assert_true(container_parse(text, &c));
	assert_string_equal(c.id, "a");
	memset(text, ':', size - 1);
	assert_false(container_parse(text, &c));
	free(text);
}

/* This process is where it is: in no other namespace than its own. */
static void of_this_process(void **state)
{
	struct container_host host = { 0 }, elsewhere;
	struct container c = { .id = "x" };

	(void)state;
	container_host_init(&host);
	assert_true(host.pid.st_ino != 0 && host.root.st_ino != 0);
	assert_int_equal(stat("/proc/self/ns/pid", &host.pid), 0);
	assert_int_equal(stat("/proc/self/ns/mnt", &host.mnt), 0);
	assert_int_equal(stat("/", &host.root), 0);
	container_of_process(getpid(), &host, &c);
	assert_true(!c.runtime || strcmp(c.runtime, "namespace"));
	if (c.runtime)
		return; /* the tests run in a container */
	assert_string_equal(c.id, "");
	elsewhere = host;
	elsewhere.pid.st_ino++;
	container_of_process(getpid(), &elsewhere, &c);
	assert_string_equal(c.runtime, "namespace");
	container_of_process(0x7ffffffe, &elsewhere, &c);
	assert_null(c.runtime);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_told), cmocka_unit_test(others_are_none),
		cmocka_unit_test(cut_off_anywhere),    cmocka_unit_test(long_names_are_no_trouble),
		cmocka_unit_test(of_this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
