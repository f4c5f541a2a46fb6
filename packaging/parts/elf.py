"""What a program needs of a Linux system: which C library, in which version."""

import re
import struct
from dataclasses import dataclass

from .project import Failed


@dataclass(frozen=True)
class Needs:
    """What a program needs."""

    # Whether the kernel loads nothing but the program.
    is_static: bool
    # The oldest 2.x of glibc with all functions that the program calls.
    glibc: int
    # Whether the program, although it is static, loads libraries of one version of glibc to look up
    # users and hosts. It may crash where that is another version.
    is_tied: bool
    # Whether it loads GCC's library for unwinding.
    libgcc: bool


def needs_of(program):
    """Reads a 64-bit ELF file (man 5 elf)."""
    if program[:5] != b"\x7fELF\x02":
        raise Failed("a program for Linux is not a 64-bit ELF file")
    (offset,) = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    kinds = [struct.unpack_from("<I", program, offset + index * size)[0] for index in range(count)]
    interpreter = 3
    is_static = interpreter not in kinds
    versions = [int(version) for version in re.findall(rb"\0GLIBC_2\.(\d+)", program)]
    is_tied = is_static and b"/etc/nsswitch.conf" in program
    return Needs(is_static, max(versions, default=0), is_tied, b"libgcc_s.so.1" in program)
