from pathlib import Path

import pytest

from controller.doctor.mounts import MOUNTS, Mount, mount_of

LIST = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 0:40 / /srv rw,relatime - nfs4 filer:/srv rw,vers=4.2
41 40 0:41 / /srv/local rw,relatime master:3 propagate_from:2 - xfs /dev/vdb rw
42 27 0:42 / /mnt/with\\040blank\\134s rw - cifs //filer/share rw
43 27 0:43 / /mnt/twice rw - ext4 /dev/vdc rw
44 43 0:44 / /mnt/twice rw - fuse.sshfs ann@filer:/ rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        ("/etc/x", "/", "ext4"),
        ("/srv/store", "/srv", "nfs4"),
        ("/srv", "/srv", "nfs4"),
        ("/srv/local/store", "/srv/local", "xfs"),
        ("/srvx/store", "/", "ext4"),
        ("/mnt/with blank\\s/a", "/mnt/with blank\\s", "cifs"),
        ("/mnt/twice/a", "/mnt/twice", "fuse.sshfs"),
    ],
)
def test_the_deepest_and_latest_mount_above_a_path_is_its_own(path: str, point: str, kind: str) -> None:
    assert mount_of(Path(path), LIST) == Mount(Path(point), kind)


def test_a_list_that_holds_nothing_of_use_gives_none() -> None:
    assert mount_of(Path("/a"), "no mount\n\n") is None


@pytest.mark.parametrize(
    "kind",
    [*("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "afs", "lustre"), "fuse.sshfs", "fuse.ceph-fuse"],
)
def test_file_systems_that_machines_share_are_of_the_network(kind: str) -> None:
    assert Mount(Path("/"), kind).network
    assert not Mount(Path("/"), kind).doubtful


@pytest.mark.parametrize("kind", ["fuse", "fuse.unheard", "fuseblk", "virtiofs"])
def test_of_others_nobody_can_tell(kind: str) -> None:
    assert Mount(Path("/"), kind).doubtful
    assert not Mount(Path("/"), kind).network


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "nfsd", "f2fs"])
def test_local_ones_are_neither(kind: str) -> None:
    assert not Mount(Path("/"), kind).network
    assert not Mount(Path("/"), kind).doubtful


def test_the_kernel_s_own_list_is_read() -> None:
    assert mount_of(Path("/proc/self"), MOUNTS.read_text()) == Mount(Path("/proc"), "proc")
