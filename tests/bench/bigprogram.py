# SPDX-License-Identifier: Apache-2.0
"""The source of a Go program whose binary is larger than 100 MB, as large services are: hundreds of
packages of functions, with types and maps of their own. It writes a map all the time."""

from pathlib import Path

PACKAGES, FUNCTIONS = 160, 300

FUNCTION = """
type T{f} struct {{
	A{f}, B{f} int
	name string
	m    map[string]*T{f}
}}

//go:noinline
func (t *T{f}) Grow(key string, n int) (sum int, err error) {{
	if t.m == nil {{
		t.m = make(map[string]*T{f})
	}}
	for i := 0; i < n; i++ {{
		k := key + t.name
		if old, ok := t.m[k]; ok {{
			sum += old.A{f} * i
			continue
		}}
		t.m[k] = &T{f}{{A{f}: i, B{f}: n, name: key}}
	}}
	switch {{
	case sum > {f}:
		return sum, errors.New("too large: " + key)
	case n > len(t.m):
		delete(t.m, key)
	}}
	return sum + t.B{f}, nil
}}
"""

MAIN = """
package main

import "time"

var all = map[int]int{{}}

func main() {{
	calls := []func(string, int) int{{{calls}}}
	for i := 0; ; i++ {{
		all[i%1000] = i
		if i%1000 == 0 {{
			calls[i/1000%len(calls)]("x", 1)
			time.Sleep(time.Millisecond)
		}}
	}}
}}
"""


def package(name):
    calls = "".join(f"\tcase {f}:\n\t\tn, _ := new(T{f}).Grow(s, i)\n\t\treturn n\n"
                    for f in range(FUNCTIONS))
    return (f'package {name}\n\nimport "errors"\n'
            + "".join(FUNCTION.format(f=f) for f in range(FUNCTIONS))
            + f"\nfunc Call(s string, i int) int {{\n\tswitch i % {FUNCTIONS} {{\n{calls}\t}}\n"
              "\treturn 0\n}\n")


def write(directory):
    """Writes the module there."""
    names = [f"p{i:03}" for i in range(PACKAGES)]
    for name in names:
        (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / name / "p.go").write_text(package(name))
    (directory / "go.mod").write_text("module mapprobe.test/big\n\ngo 1.21\n")
    imports = "".join(f'import "mapprobe.test/big/{name}"\n' for name in names)
    main = MAIN.format(calls=", ".join(f"{name}.Call" for name in names))
    (directory / "main.go").write_text(main.replace('import "time"', f'import "time"\n{imports}'))


if __name__ == "__main__":
    import sys
    write(Path(sys.argv[1]))
