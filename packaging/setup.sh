#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what the build and the tests need and is not there yet, on Debian 12. Needs root only
# when something is missing; says nothing when nothing is.
set -euo pipefail

packages=(
	gcc make pkg-config git ca-certificates
	clang libclang-rt-dev llvm clang-format bpftool
	libbpf-dev libelf-dev libdw-dev zlib1g-dev libcap-ng-dev
	libzydis-dev libprotobuf-c-dev protobuf-c-compiler libjansson-dev
	libcmocka-dev
	qemu-system-x86 busybox-static cpio debian-archive-keyring # tests/kernels
)

missing=()
installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' | sed -n 's/^ii //p')
for package in "${packages[@]}"; do
	grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
# Any Python that has them will do, also one that is not Debian's.
python3 -c 'import pytest, jsonschema' 2>/dev/null ||
	/usr/bin/python3 -c 'import pytest, jsonschema' 2>/dev/null ||
	missing+=(python3-pytest python3-jsonschema)
command -v go >/dev/null || missing+=(golang)

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: must be root to install: ${missing[*]}" >&2
	echo "setup: run: sudo $0" >&2
	exit 1
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
	>"$log" 2>&1; then
	cat "$log" >&2
	echo "setup: apt-get failed" >&2
	exit 1
fi
case " ${missing[*]} " in
*" golang "*)
	echo "setup: installed Debian's $(go version | cut -d ' ' -f 3); the toolchains that the" \
		"targets are built with come through the Go proxy (targets/toolchain)"
	;;
esac
