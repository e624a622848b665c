// Instead of go.mod (go build -modfile) where ./exact is built for Go versions that are older than
// what the other targets ask for.
module mapprobe.test/targets

go 1.17
