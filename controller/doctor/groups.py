"""Whether a group is nobody's but this process's user's."""

import grp
import os
import pwd


def given_to_us_alone(file: os.stat_result) -> bool:
    """Whether the group of somebody else's file is how we are let in, and lets in nobody else: so a pod gets a Secret
    (root's, 0440, the group that fsGroup names). A file of our own needs no group.
    """
    groups = {os.getegid(), *os.getgroups()}
    return file.st_uid != os.geteuid() and file.st_gid in groups and not _others_in(file.st_gid)


def _others_in(group: int) -> bool:
    """Whether the machine's lists name another user as the group's; in a container they mostly name neither."""
    users = pwd.getpwall()
    ours = {user.pw_name for user in users if user.pw_uid == os.geteuid()}
    primary = {user.pw_name for user in users if user.pw_gid == group}
    try:
        members = {*grp.getgrgid(group).gr_mem, *primary}
    except KeyError:
        members = primary
    return not members <= ours
