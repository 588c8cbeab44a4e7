package sqlite

import (
	"bufio"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// networkFileSystem names the remote file system that dir is on, empty for a local one. FUSE does
// not say which it is, so its mounts are looked up by name.
func networkFileSystem(dir string) (kind string, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return "", err
	}
	switch int64(s.Type) { //nolint:unconvert // an int32 on other processors
	case unix.NFS_SUPER_MAGIC:
		return "nfs", nil
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb", nil
	case unix.V9FS_MAGIC:
		return "9p", nil
	case unix.CEPH_SUPER_MAGIC:
		return "ceph", nil
	case unix.AFS_SUPER_MAGIC, unix.CODA_SUPER_MAGIC:
		return "afs", nil
	case unix.FUSE_SUPER_MAGIC:
		return remoteFuse(dir)
	}
	return "", nil
}

var remoteFuseNames = []string{"sshfs", "s3fs", "gcsfuse", "goofys", "rclone", "gluster", "ceph", "juicefs", "davfs", "blobfuse", "mount-s3", "seaweed"}

// remoteFuse finds the mount of dir in the kernel's list; the longest mount point that contains it wins.
func remoteFuse(dir string) (kind string, err error) {
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	best := -1
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || !strings.HasPrefix(dir+"/", strings.TrimSuffix(fields[1], "/")+"/") || len(fields[1]) <= best {
			continue
		}
		best, kind = len(fields[1]), ""
		for _, name := range remoteFuseNames {
			if strings.Contains(fields[2], name) || strings.Contains(fields[0], name) {
				kind = fields[2]
			}
		}
	}
	return kind, lines.Err()
}
