"""Makes the files of explanations that the tests of the crate arrays read, as NumPy, safetensors and DuckDB write them.

    python3 scripts/oracles/answers.py crates/arrays/fixtures

Every map is [2, 3], of three explanations: maps[n, i, j] = n + i / 4 - j / 8, which float16 holds exactly. Run r adds 4 r. Digests are those of the texts
"0", "1" and "2" by SHA-256, which has as many digits as BLAKE3; classes are 5, 6 and 7.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import duckdb
import numpy as np
from safetensors.numpy import save_file

DIGESTS = np.array([hashlib.sha256(str(n).encode()).hexdigest() for n in range(3)])
CLASSES = np.array([5, 6, 7])
N, I, J = np.meshgrid(np.arange(3), np.arange(2), np.arange(3), indexing="ij")
MAPS = (N + I / 4 - J / 8).astype(np.float32)
RUNS = np.stack([MAPS, MAPS + 4])


def main(folder):
    named = {"digest": DIGESTS, "target_class": CLASSES}
    np.savez(folder / "plain.npz", maps=MAPS, **named)
    np.savez_compressed(folder / "deflated.npz", maps=MAPS, **named)
    np.savez(
        folder / "fortran.npz",
        maps=np.asfortranarray(RUNS.astype(">f8")),
        digest=DIGESTS.astype("S"),
        target_class=CLASSES.astype(">i4"),
        passes=np.int64(50),
        seconds=np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    )
    np.savez(folder / "half.npz", maps=RUNS.astype(">f2"), seconds=np.array([0.5, 1.5, 2.5]), **named)
    relevances = np.full((3, 4), np.nan)
    counts = np.array([4, 2, 3])
    for n, count in enumerate(counts):
        relevances[n, :count] = n - np.arange(count) / 3
    np.savez(folder / "relevances.npz", relevances=relevances, count=counts, **named)
    np.savez(folder / "pickled.npz", maps=MAPS.astype(object), **named)
    np.savez(folder / "pickled_digest.npz", maps=MAPS, digest=DIGESTS.astype(object), target_class=CLASSES)
    # What NumPy writes where an array has more than 4 GiB.
    zipfile.ZIP64_LIMIT = 1
    np.savez(folder / "wide.npz", maps=MAPS, **named)
    raw = np.array([list(bytes.fromhex(digest)) for digest in DIGESTS], np.uint8)
    save_file({"maps": MAPS, "digest": raw, "target_class": CLASSES}, folder / "plain.safetensors")
    table = duckdb.connect()
    table.execute("create table t (digest varchar, target_class integer, height integer, width integer, maps float[], passes bigint)")
    for digest, label, one in zip(DIGESTS, CLASSES, MAPS):
        table.execute("insert into t values (?, ?, 2, 3, ?, 7)", [str(digest), int(label), one.ravel().tolist()])
    table.execute(f"copy t to '{folder / 'plain.parquet'}' (format parquet)")
    table.execute(f"copy (select digest, target_class, maps as relevances from t) to '{folder / 'relevances.parquet'}' (format parquet, compression zstd)")
    for name, labels in {
        "labels_u8": np.array([[3, 3, 7], [0, 7, 7]], np.uint8),
        "labels_fortran_i8": np.asfortranarray(np.array([[3, 3, -7], [0, -7, -7]], ">i8")),
        "labels_bool": np.array([[True, False, False]]),
        "labels_float": np.array([[1.0, 2.0]]),
        "labels_axes": np.zeros((1, 2, 3), np.int32),
    }.items():
        np.save(folder / f"{name}.npy", labels)
    np.save(folder / "labels_pickled.npy", np.array([[1, None]], dtype=object), allow_pickle=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
