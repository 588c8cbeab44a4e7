package sqlite

import "golang.org/x/sys/unix"

// networkFileSystem names the remote file system that dir is on, empty for a local one.
func networkFileSystem(dir string) (kind string, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", err
	}
	if s.Flags&unix.MNT_LOCAL != 0 {
		return "", nil
	}
	return unix.ByteSliceToString(s.Fstypename[:]), nil
}
