module mapprobe.test/targets

go 1.23
