"""Is a folder on another machine? Then events get lost or never come, and it is looked through often."""

import os
import re
from pathlib import Path

REMOTE = frozenset(
    {
        "cifs",
        "smb3",
        "smbfs",
        "nfs",
        "nfs4",
        "ncpfs",
        "afs",
        "9p",
        "ceph",
        "glusterfs",
        "davfs",
        "vboxsf",
        "prl_fs",
    }
)
"""File systems whose changes another machine makes, as Linux calls them; "fuse." with a name is one, too."""
LOCAL_FUSE = frozenset({"fuse.ntfs-3g", "fuse.exfat", "fuse.bindfs", "fuse.mergerfs"})
MOUNTS = Path("/proc/self/mounts")


def is_remote(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Say whether it is known to be a network share: by its UNC name, or by what is mounted there (Linux)."""
    name = os.fspath(folder)
    if name.startswith((r"\\", "//")) and not name.startswith((r"\\?" + "\\", r"\\." + "\\")):
        return True
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:  # not Linux: then `--polling` says it
        return False
    kind, nearest = "", Path()
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        at = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1]))
        if folder.is_relative_to(at) and len(at.parts) >= len(
            nearest.parts
        ):  # a later one lies over an earlier
            kind, nearest = fields[2], at
    return kind in REMOTE or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
