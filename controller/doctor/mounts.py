"""Which file system a path is on, by the kernel's list of mounts (proc_pid_mountinfo(5))."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

_NETWORK: Final = re.compile(
    r"""
    9p | acfs | afs | beegfs | ceph | cifs | coda | davfs2? | gfs2? | glusterfs | gpfs | lustre | ncpfs | nfs[34]?
    | ocfs2 | openafs | orangefs | panfs | pvfs2 | smb[23]? | smbfs | vboxsf | vmhgfs
    | fuse\.(ceph.* | davfs2? | gcsfuse | glusterfs | goofys | juicefs | mfs | mount-s3 | moosefs | rclone | s3fs
        | seaweedfs | smbnetfs | sshfs | vmhgfs-fuse)
    """,
    re.VERBOSE,
)
"""Those that several machines may have mounted: there SQLite's WAL lacks the memory that its users must share, and a
lock may mean nothing.
"""
_UNKNOWN: Final = ("fuse", "fuseblk", "virtiofs", "fakeowner")
"""These may be local, or lead to another machine or out of a virtual one."""

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: where, and of which kind."""

    point: Path
    kind: str

    @property
    def network(self) -> bool:
        """Whether other machines may have it mounted too."""
        return _NETWORK.fullmatch(self.kind) is not None

    @property
    def doubtful(self) -> bool:
        """Whether nobody can tell by the kind."""
        return not self.network and self.kind.partition(".")[0] in _UNKNOWN


def mount_of(path: Path, mounts: str) -> Mount | None:
    """The mount that an absolute path without links is on, by the text of such a list; None where none fits."""
    found: Mount | None = None
    for mount in filter(None, map(_mount, mounts.splitlines())):
        # Of two on one place the later one hides the other.
        if path.is_relative_to(mount.point) and (found is None or len(mount.point.parts) >= len(found.point.parts)):
            found = mount
    return found


def _mount(line: str) -> Mount | None:
    about, separator, of_kind = line.partition(" - ")
    fields, kinds = about.split(" "), of_kind.split(" ")
    if not separator or len(fields) < 6:  # noqa: PLR2004 - the fields before the optional ones
        return None
    return Mount(Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4])), kinds[0])
