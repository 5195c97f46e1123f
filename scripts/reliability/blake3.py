"""BLAKE3 in plain Python, after the reference of its authors: slow, and independent of the store that is checked with it.

    python3 scripts/reliability/blake3.py FILE...
"""

import struct
import sys

CHUNK = 1024
BLOCK = 64
INITIAL = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
# The places of the state that are mixed together: columns, then diagonals.
QUARTERS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
ROUNDS = 7
MASK = 0xFFFFFFFF


def compress(chaining, words, counter, length, flags):
    """The first half of the compression's output: eight words."""
    state = [*chaining, *INITIAL[:4], counter & MASK, counter >> 32, length, flags]
    for _ in range(ROUNDS):
        for index, (a, b, c, d) in enumerate(QUARTERS):
            for word, first, second in ((words[2 * index], 16, 12), (words[2 * index + 1], 8, 7)):
                state[a] = (state[a] + state[b] + word) & MASK
                mixed = state[d] ^ state[a]
                state[d] = (mixed >> first | mixed << 32 - first) & MASK
                state[c] = (state[c] + state[d]) & MASK
                mixed = state[b] ^ state[c]
                state[b] = (mixed >> second | mixed << 32 - second) & MASK
        words = [words[place] for place in PERMUTATION]
    return [state[place] ^ state[place + 8] for place in range(8)]


def chunk_value(chunk, counter, last_flag):
    """The chaining value of at most 1024 bytes."""
    value = INITIAL
    blocks = [chunk[at : at + BLOCK] for at in range(0, len(chunk), BLOCK)] or [b""]
    for index, block in enumerate(blocks):
        flags = CHUNK_START if index == 0 else 0
        if index == len(blocks) - 1:
            flags |= CHUNK_END | last_flag
        words = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
        value = compress(value, words, counter, len(block), flags)
    return value


def tree_value(data, counter, last_flag):
    """The chaining value of data that begins at this chunk: the left part is the largest power of two of whole chunks."""
    if len(data) <= CHUNK:
        return chunk_value(data, counter, last_flag)
    left = 1 << ((len(data) - 1) // CHUNK).bit_length() - 1
    words = tree_value(data[: left * CHUNK], counter, 0) + tree_value(data[left * CHUNK :], counter + left, 0)
    return compress(INITIAL, words, 0, BLOCK, PARENT | last_flag)


def hexdigest(data):
    """BLAKE3 of the bytes: 64 hexadecimal digits."""
    return struct.pack("<8I", *tree_value(data, 0, ROOT)).hex()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            print(hexdigest(file.read()), name)
